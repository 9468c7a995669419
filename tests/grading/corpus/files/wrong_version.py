# /// attack
# title = "a notebook of version 3"
# says = "version 4"
# ///
import json


def make(path, good, aim):
    old = {"nbformat": 3, "worksheets": [{"cells": good["cells"]}]}
    path.with_suffix(".ipynb").write_text(json.dumps(old))
