# /// attack
# title = "memory without end"
# earned = [3, 0]
# status = ["graded", "crashed"]
# memory = 256
# ///
# %% 99.2
def total(dataset):
    held = []
    while True:
        held.append(bytearray(b"x") * (32 << 20))
