# /// attack
# title = "filling the disk for an instant"
# earned = [3, 1]
# status = ["graded", "crashed"]
# escapes = ["B?", "C?"]  # there the total is looked at four times a second: a burst can pass it
# ///
# %%
import os


def fill():
    try:
        for number in range(40):
            with open(f"large{number}", "wb", buffering=0) as file:
                for _ in range(10):
                    if file.write(bytes(1 << 20)) < 1 << 20:
                        raise OSError
    finally:
        for name in os.listdir("."):
            if name.startswith("large"):
                os.remove(name)
    return True


attempt("wrote 400 MB", fill)
