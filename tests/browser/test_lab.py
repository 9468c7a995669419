"""JupyterLab in a real browser: `course lab` opens lesson 00, and 'Run All' runs it without an error."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from course_lib.classroom.authoring.release import release
from course_lib.classroom.exercises.tasks import root

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A class's copy of the course in which a student typed `course lab 00`: its address and folder."""
    folder = tmp_path_factory.mktemp("student") / "course"
    release(root(), folder)
    settings = folder.parent / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    # All cells in the page, also those that are out of sight.
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "PYTHONPATH": str(folder),
        "JUPYTER_TOKEN": "test",
        "JUPYTER_CONFIG_DIR": str(folder.parent / "config"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder.parent / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder.parent / "workspaces"),
    }
    environment.pop("COURSE_RAISE", None)  # a student's check() shows a card
    command = [sys.executable, "-m", "course_lib.cli", "lab", "00", "--no-browser", "--port", str(port)]
    log = (folder.parent / "lab.log").open("w")
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_it_answers(address, process, folder.parent / "lab.log")
        yield address, folder
    finally:
        from course_lib import platform

        platform.kill_process_tree(process.pid)
        process.wait(20)
        log.close()


def _wait_until_it_answers(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/api", timeout=2).close()
            return
        except OSError:
            time.sleep(0.3)
    raise RuntimeError(f"JupyterLab did not start: {log.read_text()[-2000:]}")


class Page(NamedTuple):
    """What a page shows when a notebook has run: texts of errors, prompts of code cells, texts of notices."""

    errors: list[str]
    prompts: list[str]
    notices: list[str]


def _run_all(lab: tuple[str, Path], notebook: str, picture: str) -> Page:
    """Open a notebook, run all cells, and wait until it is idle."""
    from playwright.sync_api import sync_playwright

    address, _ = lab
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(f"{address}/lab/workspaces/{picture}/tree/{notebook}?token=test")
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=120_000)
        # Before the kernel is ready, a dialog about it would swallow 'Run All'.
        page.wait_for_selector("#jp-main-statusbar >> text=/\\| Idle/", timeout=120_000)
        page.click("text=Run >> nth=0")
        page.click("li[data-command='runmenu:run-all']")
        page.wait_for_function(
            """() => {
                const cells = [...document.querySelectorAll('.jp-CodeCell')];
                const prompts = cells.map(c => c.querySelector('.jp-InputPrompt').textContent.trim());
                const ran = p => /^\\[\\d+\\]:$/.test(p);
                return ran(prompts.at(-1)) && prompts.every(p => ran(p) || p === '[ ]:');
            }""",
            timeout=180_000,
        )
        page.wait_for_selector("#jp-main-statusbar >> text=/\\| Idle/", timeout=60_000)
        errors = page.locator("[data-mime-type='application/vnd.jupyter.error']").all_inner_texts()
        prompts = [
            prompt.strip() for prompt in page.locator(".jp-CodeCell .jp-InputPrompt").all_inner_texts()
        ]
        notices = page.locator(".Toastify__toast").all_inner_texts()
        if folder := os.environ.get("COURSE_SCREENSHOTS"):
            page.screenshot(path=f"{folder}/{picture}.png")
        browser.close()
    return Page(errors, prompts, notices)


def test_lesson_00_runs_from_top_to_bottom(lab: tuple[str, Path]) -> None:
    assert (lab[1] / "work" / "notebooks" / "00_start_here.ipynb").exists()
    page = _run_all(lab, "work/notebooks/00_start_here.ipynb", "lesson")
    assert page.errors == []
    assert page.prompts
    assert all(prompt not in ("[ ]:", "[*]:") for prompt in page.prompts)
    assert page.notices == [], "nothing but the lesson asks for attention"


def test_an_untouched_exercise_says_what_is_not_written_yet(lab: tuple[str, Path]) -> None:
    _, folder = lab
    command = [sys.executable, "-c", "from course_lib.classroom.exercises.work import open_copy as o; "]
    command[-1] += "from pathlib import Path; print(o(Path.cwd(), 'exercises', '02').name)"
    environment = os.environ | {"PYTHONPATH": str(folder)}
    opened = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    page = _run_all(lab, f"work/exercises/{opened.stdout.strip()}", "exercise")
    assert page.errors == []  # check() shows a card, it does not raise
    assert page.prompts
    assert not (folder / "solutions").exists()
    assert (folder / "work" / "progress.json").exists()
