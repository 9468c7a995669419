# /// attack
# title = "listing the names of the course's files (tier B: the import of the library lists its folder)"
# earned = [3, 1]
# escapes = ["B", "C"]
# ///
# %%
import os

attempt("listed the solutions", lambda: os.listdir(COURSE + "/solutions"))
