# /// attack
# title = "halves of characters in code and metadata"
# status = "graded"
# score = 4
# ///
import json


def make(path, good, aim):
    good["cells"].insert(0, {"cell_type": "code", "id": "\ud800", "metadata": {}, "source": "x = '\ud800'"})
    path.with_suffix(".ipynb").write_text(json.dumps(good))
