# /// attack
# title = "100,000 cells"
# says = "cells"
# ///
import json


def make(path, good, aim):
    good["cells"] *= 50_000
    path.with_suffix(".ipynb").write_text(json.dumps(good))
