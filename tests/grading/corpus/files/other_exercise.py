# /// attack
# title = "another exercise's notebook"
# says = "is exercise 02"
# ///
import json


def make(path, good, aim):
    good["metadata"]["course"]["exercise"] = "02"
    path.with_suffix(".ipynb").write_text(json.dumps(good))
