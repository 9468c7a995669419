# /// attack
# title = "metadata that lies: strange tasks, roles, types, points"
# status = "graded"
# score = 4
# ///
import json


def make(path, good, aim):
    extra = []
    for number, course in enumerate(
        [
            {"task": "99.9", "role": "answer", "points": 1000},
            {"task": ["99.1"], "role": {"answer": 1}},
            {"task": None, "role": 3},
            "99.1",
            {"task": "\u202e=cmd()", "role": "answer"},
        ]
    ):
        extra.append(
            {"cell_type": "code", "id": f"x{number}", "source": "x = 1", "metadata": {"course": course}}
        )
    extra.append({"cell_type": "code", "metadata": {"course": {"role": "check"}}, "source": "1 / 0"})
    extra.append({"cell_type": "code", "metadata": [], "source": ["y ", "= 1"], "outputs": 7})
    good["cells"] = [None, 3, [], *extra, *good["cells"]]
    good["metadata"]["course"]["score"] = 1000
    path.with_suffix(".ipynb").write_text(json.dumps(good))
