# /// attack
# title = "an answer turned to markdown"
# status = "partial"
# score = 1
# says = "stands in a markdown cell"
# ///
import json


def make(path, good, aim):
    good["cells"][0]["cell_type"] = "markdown"
    path.with_suffix(".ipynb").write_text(json.dumps(good))
