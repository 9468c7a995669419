# /// attack
# title = "a fork inside the call: two programs answer"
# earned = [3, 0]
# status = ["graded", "crashed"]
# ///
# %% 99.2
import os


def total(dataset):
    answer = float(sum(dataset[i] for i in range(len(dataset))))
    os.fork()
    return answer + 1
