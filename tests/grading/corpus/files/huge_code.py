# /// attack
# title = "code that is dear to parse: brackets, one endless line"
# status = "graded"
# score = 4
# ///
import json


def make(path, good, aim):
    for number, source in enumerate(("(" * 90_000, "x = " + "+".join("1" * 90_000), "-" * 100_000 + "1")):
        good["cells"].insert(0, {"cell_type": "code", "metadata": {}, "id": f"h{number}", "source": source})
    path.with_suffix(".ipynb").write_text(json.dumps(good))
