# /// attack
# title = "script and SVG in names, messages, outputs"
# status = "graded"
# score = 3
# student = "script <script>alert(1)<⁄script>"
# ///
import json

NASTY = "</td></style></title><svg onload=alert(1)><script>alert(1)</script><img src=x onerror=alert(1)>"


def make(path, good, aim):
    good["cells"][0]["outputs"] = [{"output_type": "display_data", "data": {"text/html": NASTY}}]
    good["cells"].insert(0, {"cell_type": "code", "metadata": {}, "source": f"raise ValueError({NASTY!r})"})
    good["cells"][2]["source"] = f"def total(dataset):\n    return {NASTY!r}\n"
    path.with_name("script <script>alert(1)<⁄script>.ipynb").write_text(json.dumps(good))
