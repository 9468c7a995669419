# /// attack
# title = "a name like a report's, with marks that look like a path"
# status = "graded"
# score = 4
# student = "class.html ..⁄..⁄grades.csv"
# ///
import json


def make(path, good, aim):
    path.with_name("class.html ..⁄..⁄grades.csv.ipynb").write_text(json.dumps(good))
