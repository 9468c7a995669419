"""Install the course and start it: all that a fresh machine needs is Python 3.11 or newer.

python start.py               installs, then opens JupyterLab on lesson 00
python start.py test          installs the test tools too, then runs the tests, those marked as slow left out
python start.py test ...      hands the words that follow on to pytest instead: a file, -m slow
python start.py WORD ...      hands the words on to the `course` command: list, check, doctor, ...
"""
# Old Pythons must be able to read this file, if only to be told that they are too old.
# ruff: noqa: UP031

import hashlib
import os
import platform
import signal
import subprocess
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, "installed.txt")
WHOLE = ["-m", "not slow", "-n", "2"]  # what `test` alone hands on to pytest
FOLDER, SUFFIX = ("Scripts", ".exe") if os.name == "nt" else ("bin", "")
PYTHON, UV, COURSE = (os.path.join(VENV, FOLDER, name + SUFFIX) for name in ("python", "uv", "course"))
TOO_OLD = "The course needs Python 3.11 or newer (python.org has it); this is Python %s."
INTEL_MAC = "PyTorch no longer supports Intel Macs (nor Intel Pythons): use Colab, the README says how."
NO_VENV = """Could not make .venv. The course needs a folder it may write to, and Python's venv module:
move it to your home folder; on Debian or Ubuntu also type  sudo apt install python3-venv"""
NO_PACKAGES = """Could not install the packages; the lines above say why. Most often the network is missing
or the disk is full (Linux needs 8 GB, other systems 3). Mend that and run the same command again."""
NEWEST = (3, 14)  # the newest Python that every package is known to support
TOO_NEW = """
Or a package does not exist yet for so new a Python: this is %d.%d, and all are known to exist for %d.%d.
Install that (python.org has it), delete the folder .venv here and start the course with it."""


def complaint(version, system, machine):
    """Return why the course cannot run on such a machine, or an empty string."""
    if tuple(version) < (3, 11):
        return TOO_OLD % ".".join(str(part) for part in version)
    if (system, machine) == ("Darwin", "x86_64"):
        return INTEL_MAC
    return ""


def advice_on_packages(version):
    """Return what to do when the packages could not be installed."""
    newer = tuple(version[:2]) > NEWEST
    return NO_PACKAGES + (TOO_NEW % (tuple(version[:2]) + NEWEST) if newer else "")


def fingerprint():
    """Return a text that changes when the packages or the place of the course change."""
    with open(os.path.join(ROOT, "pyproject.toml"), "rb") as file:
        return hashlib.sha256(file.read() + ROOT.encode()).hexdigest()


def is_installed(testing):
    """Tell whether the packages are there; `testing` asks for those of the tests too."""
    if not (os.path.exists(STAMP) and os.path.exists(PYTHON)):
        return False
    with open(STAMP) as file:
        installed = file.read().split()
    return installed[:1] == [fingerprint()] and (not testing or "tests" in installed)


def install(testing, environment):
    """Make .venv and bring the packages into it. uv chooses them, not pip: it is fast and exact."""

    def step(advice, *command):
        try:
            if subprocess.call(command, env=environment) != 0:
                sys.exit("\n" + advice)
        except OSError as error:
            sys.exit("%s\n\n%s" % (error, advice))

    no_packages = advice_on_packages(sys.version_info)
    print("Installing the course; the first time this takes a few minutes.")
    if not (os.path.exists(PYTHON) and os.path.exists(UV)):
        # An environment that works is kept: it may be uv's, which has everything but pip.
        clear = () if os.path.exists(PYTHON) else ("--clear",)
        step(NO_VENV, sys.executable, "-m", "venv", VENV, *clear)
        step(no_packages, PYTHON, "-m", "pip", "install", "uv>=0.7")
    wanted = () if testing else ("--no-dev", "--inexact")
    step(no_packages, UV, "sync", "--project", ROOT, "--python", PYTHON, *wanted)
    with open(STAMP, "w") as file:
        file.write(fingerprint() + (" tests" if testing else ""))


def command(words):
    """Return the command line that the words ask for."""
    if words[:1] == ["test"]:
        return [PYTHON, "-m", "pytest"] + (words[1:] or WHOLE)
    return [COURSE] + (words or ["lab"])


def main(words):
    """Install what is missing, run what the words ask for, and return its exit status."""
    problem = complaint(sys.version_info[:3], platform.system(), platform.machine())
    if problem:
        sys.exit(problem)
    testing = words[:1] == ["test"]
    environment = dict(os.environ, VIRTUAL_ENV=VENV, UV_PROJECT_ENVIRONMENT=VENV, PIP_QUIET="1")
    environment["UV_COMPILE_BYTECODE"] = "1"  # compiled files save seconds at every start
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    if testing:  # Threads that wait for each other sleep: spinning, on busy cores, takes many times as long.
        environment.setdefault("OMP_WAIT_POLICY", "passive")
    if not is_installed(testing):
        install(testing, environment)
    process = subprocess.Popen(command(words), env=environment, cwd=ROOT if testing else None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for JupyterLab and pytest: they end, then we do
    return process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
