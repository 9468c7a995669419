# /// attack
# title = "a deleted stub"
# status = "partial"
# score = 3
# says = "no answer cell for 99.2"
# ///
import json


def make(path, good, aim):
    del good["cells"][1]
    path.with_suffix(".ipynb").write_text(json.dumps(good))
