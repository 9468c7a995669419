# /// attack
# title = "filling the disk"
# earned = [3, 1]
# status = ["graded", "crashed"]
# ///
# %%
import time


def fill():
    for number in range(40):
        with open(f"large{number}", "wb", buffering=0) as file:
            for _ in range(10):
                if file.write(bytes(1 << 20)) < 1 << 20:
                    raise OSError
    time.sleep(8)  # tiers B and C look at the total four times a second
    return True


attempt("wrote 400 MB", fill)
# %% 99.2
import os

for name in os.listdir("."):
    if name.startswith("large"):
        os.remove(name)


def total(dataset):
    return float(sum(dataset[i] for i in range(len(dataset))))
