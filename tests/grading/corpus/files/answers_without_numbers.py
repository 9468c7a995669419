# /// attack
# title = "all metadata removed"
# status = "graded"
# score = 4
# ///
import json


def make(path, good, aim):
    good["metadata"] = {}
    for cell in good["cells"]:
        cell["metadata"] = {}
    path.with_suffix(".ipynb").write_text(json.dumps(good))
