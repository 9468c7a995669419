# /// attack
# title = "a truncated notebook"
# says = "is no notebook"
# ///
import json


def make(path, good, aim):
    path.with_suffix(".ipynb").write_text(json.dumps(good)[:300])
