# /// attack
# title = "an answer in two cells, the last of them wrong"
# status = "graded"
# score = 3
# says = "the last definition counts"
# ///
import copy
import json


def make(path, good, aim):
    second = copy.deepcopy(good["cells"][1])
    second["source"] = "def total(dataset):\n    return 0.0\n"
    good["cells"].append(second | {"id": "second"})
    path.with_suffix(".ipynb").write_text(json.dumps(good))
