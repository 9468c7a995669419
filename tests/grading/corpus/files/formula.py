# /// attack
# title = "a spreadsheet formula as a name"
# status = "graded"
# score = 4
# student = "'=HYPERLINK(1)+cmd|'"
# ///
import json


def make(path, good, aim):
    path.with_name("=HYPERLINK(1)+cmd|'.ipynb").write_text(json.dumps(good))
