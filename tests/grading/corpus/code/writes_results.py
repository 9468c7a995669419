# /// attack
# title = "writing into the results, the home folder, the course"
# earned = [3, 1]
# [C]
# escapes = ["C"]
# ///
# %%
import os


def write(path):
    with open(path, "a") as file:
        file.write("mallory,100\n")
    return True


attempt("wrote into the home folder", lambda: write(HOME + "/" + MARK))
attempt("wrote into the course", lambda: write(COURSE + "/" + MARK))
attempt("wrote into another's submission", lambda: write(OTHER))
attempt("wrote the results", lambda: write(OUTSIDE + "/grades.csv"))
