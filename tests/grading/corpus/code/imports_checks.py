# /// attack
# title = "importing and reading the solutions and the tests"
# earned = [3, 1]
# [C]
# escapes = ["C"]
# ///
# %%
import importlib.util
import sys

attempt("read the checks", lambda: open(CHECKS).read())
attempt("read a solution", lambda: open(SOLUTION).read())
sys.path.insert(0, COURSE)
attempt("imported a helper of the tests", lambda: __import__("tests.grading.small_class"))
attempt(
    "imported the checks", lambda: importlib.util.spec_from_file_location("c", CHECKS).loader.get_data(CHECKS)
)
