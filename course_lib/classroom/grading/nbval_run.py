"""Run cells under nbval: what `under_nbval.py` asks of a session's process."""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

# Between pytest and the kernel there are sockets with a place in the file system: no network is needed.
_START = """
import sys, pytest
from jupyter_client.manager import KernelManager
KernelManager.transport.default_value = "ipc"
sys.exit(pytest.main(sys.argv[1:]))
"""
_PLACES = ("HOME", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR")
_CODE_CELL: dict[str, Any] = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
_COLOURS = re.compile(r"(\x1b|#x1B)\[[0-9;]*m")  # as they are, and as they are written into XML


def run(sources: Sequence[str], cell_seconds: int) -> list[list[object]]:
    """Run the cells of a notebook in a kernel; return the position of each that failed, and its last words.

    Args:
        sources: the text of each cell.
        cell_seconds: how long each may take.
    """
    folder = Path(tempfile.mkdtemp(dir=".")).absolute()
    cells = [
        {"id": f"cell-{number}", "source": source, **_CODE_CELL} for number, source in enumerate(sources)
    ]
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    (folder / "submission.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    environment = os.environ | dict.fromkeys(_PLACES, str(folder)) | {"PYTHONPATH": os.pathsep.join(sys.path)}
    pytest = ["-q", "-c", os.devnull, "--rootdir=.", "-p", "no:cacheprovider", "--junitxml=report.xml"]
    nbval = ["--nbval-lax", "--nbval-current-env", f"--nbval-cell-timeout={cell_seconds}"]
    subprocess.run(
        [sys.executable, "-c", _START, *pytest, *nbval, "submission.ipynb"],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    return list(_failures(folder / "report.xml"))


def _failures(report: Path) -> Iterator[list[object]]:
    for case in ElementTree.parse(report).iter("testcase"):
        position = re.search(r"Cell (\d+)", case.get("name", ""))
        faults = [each for each in case if each.tag in ("failure", "error")]
        if faults and position is not None:
            words = _COLOURS.sub("", faults[0].text or faults[0].get("message") or "").split("\n")
            yield [int(position[1]), next((line for line in reversed(words) if line.strip()), "")]
