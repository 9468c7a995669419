# /// attack
# title = "filling /dev/shm"
# earned = [3, 1]
# status = ["graded", "crashed"]
# ///
# %%
def fill():
    with open("/dev/shm/" + MARK, "wb", buffering=0) as file:
        for _ in range(100):
            if file.write(bytes(1 << 20)) < 1 << 20:
                raise OSError
    return True


attempt("wrote 100 MB", fill)
