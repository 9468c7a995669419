# /// attack
# title = "ANSI sequences and right-to-left marks in names and messages"
# status = "graded"
# score = 3
# student = "steering \\x1b[2J \\u202e4 of 4"
# ///
import json


def make(path, good, aim):
    nasty = "\x1b[2J\x1b]0;graded\x07\u202e001 = erocs\u2066\x00\x9b"
    good["cells"].insert(0, {"cell_type": "code", "metadata": {}, "source": f"raise ValueError({nasty!r})"})
    good["cells"][2]["source"] = f"def total(dataset):\n    raise TypeError({nasty!r})\n"
    path.with_name("steering \x1b[2J \u202e4 of 4.ipynb").write_text(json.dumps(good))
