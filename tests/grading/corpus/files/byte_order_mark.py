# /// attack
# title = "UTF-8 with a byte order mark"
# status = "graded"
# score = 4
# ///
import json


def make(path, good, aim):
    path.with_suffix(".ipynb").write_text(json.dumps(good), encoding="utf-8-sig")
