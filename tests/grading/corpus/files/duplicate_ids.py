# /// attack
# title = "duplicate cell ids"
# status = "graded"
# score = 4
# says = "cell ids stand more than once"
# ///
import json


def make(path, good, aim):
    for cell in good["cells"]:
        cell["id"] = "same"
    path.with_suffix(".ipynb").write_text(json.dumps(good))
