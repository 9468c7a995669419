# /// attack
# title = "two notebooks of the same exercise"
# says = "leave one of them"
# ///
import json


def make(path, good, aim):
    path.mkdir()
    for name in ("one", "two"):
        (path / f"{name}.ipynb").write_text(json.dumps(good))
