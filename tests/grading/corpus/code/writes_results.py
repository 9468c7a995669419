# /// attack
# title = "writing into the results, the home folder, the course, another's work"
# earned = [3, 1]
# [C]
# escapes = ["C"]
# ///
# %%
for path in (f"{HOME}/{MARK}", f"{COURSE}/{MARK}", OTHER, f"{OUTSIDE}/grades.csv", f"{OUTSIDE}/new"):
    try:
        with open(path, "a") as file:
            file.write("mallory,100\n")
    except OSError:
        pass
