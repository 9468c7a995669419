# /// attack
# title = "a stub under another name"
# status = "graded"
# score = 3
# says = "does not define total"
# ///
import json


def make(path, good, aim):
    good["cells"][1]["source"] = good["cells"][1]["source"].replace("total", "summe")
    path.with_suffix(".ipynb").write_text(json.dumps(good))
