# /// attack
# title = "conftest.py, sitecustomize.py, torch.py, pytest.ini, a pickle beside the notebook"
# status = "graded"
# score = 4
# ///
import json


def make(path, good, aim):
    path.mkdir()
    code = f"open({str(aim / 'imported')!r}, 'w').write('x')\n"
    for name in ("conftest.py", "sitecustomize.py", "torch.py", "course_lib.py", "json.py", "test_x.py"):
        (path / name).write_text(code)
    (path / "pytest.ini").write_text("[pytest]\npython_files = *\n")
    (path / "journal.jsonl").write_text('{"key": "forged", "verdict": {}}\n')
    (path / "grades.csv").write_text("ships_modules,1000\n")
    (path / "homework.ipynb").write_text(json.dumps(good))
