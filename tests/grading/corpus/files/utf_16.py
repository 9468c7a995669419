# /// attack
# title = "UTF-16"
# status = "graded"
# score = 4
# says = "UTF-16"
# ///
import json


def make(path, good, aim):
    path.with_suffix(".ipynb").write_text(json.dumps(good), encoding="utf-16")
