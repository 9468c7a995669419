# /// attack
# title = "magics and shell lines: told, not run"
# status = "graded"
# score = 4
# says = "not run"
# ///
import json


def make(path, good, aim):
    lines = f"%load_ext autoreload\n!touch {aim}/shell\nfiles = !ls\n%%bash\n"
    bash = f"%%bash\ntouch {aim}/bash\n"
    for number, source in enumerate((lines, bash, "%run homework.py", "?total", "%env COURSE_KEY")):
        cell = {"cell_type": "code", "id": f"m{number}", "metadata": {}, "outputs": [], "source": source}
        good["cells"].insert(0, cell)
    path.with_suffix(".ipynb").write_text(json.dumps(good))
