"""The `course` command: a thin face. Each command imports what it needs when it runs."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from course_lib import platform

if TYPE_CHECKING:
    from course_lib.classroom.grading.judge import Verdict

app = typer.Typer(
    help="From disk to gradient: data loading in PyTorch.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Number = Annotated[str, typer.Argument(help="An exercise or lesson (03), or a task (03.2).")]


def main() -> None:
    """Run the command; a mistake of the user's is one clear line, not a traceback."""
    try:
        app()
    except ValueError as error:
        typer.secho(str(error), fg="red", err=True)
        sys.exit(2)


def _root() -> Path:
    from course_lib.classroom.exercises.tasks import root

    return root()


@app.command()
def lab(
    number: Annotated[str, typer.Argument(help="The lesson or exercise to open.")] = "00",
    exercise: Annotated[
        bool, typer.Option("--exercise", "-e", help="Open the exercise, not the lesson.")
    ] = False,
    browser: Annotated[bool, typer.Option(help="Open a browser window.")] = True,
    port: Annotated[int | None, typer.Option(help="The port to listen on.")] = None,
) -> None:
    """Open JupyterLab on a lesson: your own copy of it, in work/."""
    from course_lib.classroom.exercises.work import open_all, open_copy

    course = _root()
    place = open_copy(course, "exercises" if exercise else "notebooks", number).relative_to(course)
    open_all(course)
    typer.echo(f"Your copy: {place}")
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={course}"]
    command += [f"--LabApp.default_url=/lab/tree/{place.as_posix()}"]
    # With these settings nobody is asked about news of Jupyter, and nothing looks for a newer one on the web.
    command += [f"--LabApp.app_settings_dir={Path(__file__).parent / 'classroom' / 'lab_settings'}"]
    command += [] if browser else ["--no-browser"]
    command += [f"--ServerApp.port={port}"] if port else []
    command += ["--allow-root"] if platform.is_root() else []
    # Albumentations asks the network for a newer version at every import, unless told not to.
    process = subprocess.Popen(command, cwd=course, env=os.environ | {"NO_ALBUMENTATIONS_UPDATE": "1"})
    with platform.ignore_interrupts():  # Ctrl-C is for JupyterLab, which asks before it ends
        raise typer.Exit(process.wait())


@app.command("list")
def list_course() -> None:
    """List the lessons and the exercises, with your progress and points."""
    from rich.console import Console
    from rich.table import Table

    from course_lib.classroom.exercises.progress import read_progress
    from course_lib.classroom.exercises.tasks import exercise_numbers, load_exercise
    from course_lib.classroom.exercises.work import is_written

    course = _root()
    progress = read_progress(course)
    exercises = {number: load_exercise(number) for number in exercise_numbers()}
    table = Table("NN", "lesson", "exercise", "points", title="From disk to gradient")
    for path in sorted((course / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        number, topic = path.stem[:2], path.stem[3:].replace("_", " ")
        exercise = exercises.get(number)
        if exercise is None:
            table.add_row(number, topic, "", "")
            continue
        earned = sum(progress.get(task.number, 0) for task in exercise.tasks)
        marks = ""
        for task in exercise.tasks:
            done = progress.get(task.number, 0) == exercise.points(task.number)
            marks += "●" if done else "◐" if is_written(course, task.number) else "○"
        table.add_row(number, topic, marks, f"{earned}/{exercise.points()}")
    Console().print(table)
    typer.echo("● solved  ◐ begun  ○ open.  `course lab NN` opens a lesson, `course lab NN -e` its exercise.")


@app.command()
def check(
    number: Annotated[
        str | None, typer.Argument(help="An exercise (03) or a task (03.2); none means all.")
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Check again whenever the notebook is saved.")
    ] = False,
) -> None:
    """Check your notebook in work/ the way the grader does. The exit code tells whether all passed."""
    course = _root()
    passed = _check_once(course, number)
    if not watch:
        raise typer.Exit(0 if passed else 1)
    typer.echo("Watching; save the notebook to check again, Ctrl-C ends.")
    seen = _saved(course)
    try:
        while True:
            time.sleep(0.3)
            now = _saved(course)
            if now != seen:
                seen = now
                typer.echo("\n" + time.strftime("%H:%M:%S"))
                _check_once(course, number)
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def _saved(course: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (course / "work" / "exercises").glob("*.ipynb")}


def _check_once(course: Path, number: str | None) -> bool:
    from course_lib.classroom.exercises.cards import result_card
    from course_lib.classroom.exercises.practice import PRACTICE_SEED
    from course_lib.classroom.exercises.progress import record_progress
    from course_lib.classroom.exercises.tasks import load_exercise
    from course_lib.classroom.exercises.work import work_file
    from course_lib.classroom.grading.intake import Rejected, read_submission
    from course_lib.classroom.grading.judge import judge

    folder = course / "work" / "exercises"
    numbers = [number] if number else sorted(path.name[:2] for path in folder.glob("[0-9][0-9]_*.ipynb"))
    if not numbers:
        raise ValueError(
            "there is nothing in work/exercises/ yet: `course lab 01 -e` opens the first exercise"
        )
    passed = True
    for each in numbers:
        exercise = load_exercise(each)
        only = [exercise.task(each).number] if "." in each else None
        try:
            submission = read_submission(work_file(course, each), exercise)
        except Rejected as reason:
            raise ValueError(str(reason)) from reason
        verdict = judge(exercise, submission, seed=PRACTICE_SEED, only=only)
        record_progress(course, verdict.tasks)
        typer.echo(result_card(verdict.tasks).text)
        _echo_notes(verdict)
        passed = passed and all(result.passed for result in verdict.tasks)
    return passed


def _echo_notes(verdict: "Verdict") -> None:
    for cell in verdict.cells:
        if not cell.error.startswith("NotImplementedError"):
            typer.echo(f"Cell {cell.label}: {cell.error}")
    if verdict.note:
        typer.echo(verdict.note)


@app.command()
def hint(
    number: Number,
    step: Annotated[int | None, typer.Argument(help="Which hint; none shows all so far.")] = None,
) -> None:
    """Show a task's hints, one step at a time."""
    from course_lib.classroom.exercises.cards import hint_card
    from course_lib.classroom.exercises.tasks import load_exercise

    hints = load_exercise(number).task(number).hints
    wanted = 1 if step is None else step
    if not 1 <= wanted <= len(hints):
        raise ValueError(
            f"task {number} has the hints 1 to {len(hints)}, got step {wanted}: ask for one of them"
        )
    typer.echo(hint_card(number, wanted, hints).text)


@app.command()
def solution(number: Number) -> None:
    """Show the course's answer to a task, for comparison."""
    from course_lib.classroom.exercises.notebooks import solution_source
    from course_lib.classroom.exercises.tasks import load_exercise

    task = load_exercise(number).task(number)
    source = solution_source(_root(), number)
    if not source:
        raise ValueError(
            f"this copy of the course comes without solutions: ask your instructor about {number}"
        )
    typer.echo(f"# {task.number} {task.title}\n{source}")


@app.command()
def reset(number: Number) -> None:
    """Start a task anew. Your notebook as it was is kept in work/kept/."""
    from course_lib.classroom.exercises.progress import forget_progress
    from course_lib.classroom.exercises.tasks import load_exercise
    from course_lib.classroom.exercises.work import reset_task

    load_exercise(number).task(number)
    kept = reset_task(_root(), number)
    forget_progress(_root(), number)
    typer.echo(f"Task {number} is as it was at first. Your notebook as it was: {kept.relative_to(_root())}")
    typer.echo("If it is open in JupyterLab: File, Reload Notebook from Disk.")


@app.command()
def grade(
    paths: Annotated[list[Path], typer.Argument(help="Notebooks, folders of them, a platform's zip.")],
    out: Annotated[Path, typer.Option("--out", help="The folder for the reports.")],
    exercise: Annotated[str | None, typer.Option(help="The exercise; else the notebooks say it.")] = None,
    roster: Annotated[Path | None, typer.Option(help="A TOML file: names, deadline, late policy.")] = None,
    times: Annotated[Path | None, typer.Option(help="The platform's CSV of submission times.")] = None,
    key: Annotated[Path | None, typer.Option(help="The course's key; else .course/grading.key.")] = None,
    hidden: Annotated[Path | None, typer.Option(help="A folder of hidden checks.")] = None,
    run_points: Annotated[int, typer.Option(min=0, help="Points for running from top to bottom.")] = 0,
    jobs: Annotated[int | None, typer.Option(min=1, help="How many at once; else one per core.")] = None,
    scheduler: Annotated[str, typer.Option(help="The address of a Dask scheduler.")] = "",
    only: Annotated[list[str] | None, typer.Option(help="Grade this student only; may be repeated.")] = None,
    nbval: Annotated[
        bool, typer.Option("--nbval", help="Run each notebook under nbval too, and note how that went.")
    ] = False,
    regrade: Annotated[bool, typer.Option("--regrade", help="Grade again what did not change too.")] = False,
    stamp: Annotated[Path | None, typer.Option(help="A key file that signs the results.")] = None,
    trust: Annotated[
        bool, typer.Option("--trust-submissions", help="Grade even where code is not shut in (tier C).")
    ] = False,
    cell_seconds: Annotated[float, typer.Option(help="How long one cell may take.")] = 60,
    memory: Annotated[float, typer.Option(help="GiB of memory for a student's process.")] = 4,
) -> None:
    """Grade submissions of one exercise, each in a process of its own. docs/grading.md is the guide."""
    from course_lib.classroom.grading.class_run import Options, grade_class
    from course_lib.classroom.grading.progress_line import ProgressLine
    from course_lib.classroom.grading.seeds import key_beside, read_key
    from course_lib.classroom.grading.session import Limits
    from course_lib.classroom.grading.tiers import require_trust, tier_in_force

    tier = tier_in_force()
    typer.echo(require_trust(tier, trust))
    if key is None:
        key_bytes, key_file, made = key_beside(_root())
        typer.echo(f"The course's key: {key_file}" + (", made just now. Keep it." if made else ""))
    else:
        key_bytes = read_key(key)
    options = Options(
        limits=Limits(cell_seconds=cell_seconds, memory_bytes=int(memory * 1024**3)),
        key=key_bytes,
        hidden=hidden,
        run_points=run_points,
        times=times,
        jobs=jobs or platform.available_cores(),
        scheduler=scheduler,
        only=tuple(only or ()),
        nbval=nbval,
        regrade=regrade,
        stamp_key=read_key(stamp) if stamp else None,
    )
    try:
        with ProgressLine() as line:
            graded = grade_class(
                paths, out, number=exercise, roster=roster, options=options, report=line.show
            )
    except KeyboardInterrupt:
        typer.echo(
            "Interrupted. What is done is kept: type the same command again, and it goes on from there."
        )
        raise typer.Exit(130) from None
    typer.echo(
        f"{len(graded)} submissions; reports in {out}/: grades.csv, class.html, feedback/, results.json"
    )


@app.command()
def key(file: Annotated[Path, typer.Argument(help="The file to write.")]) -> None:
    """Make a secret key: for the seeds of a course (grade --key) or to sign results (grade --stamp)."""
    from course_lib.classroom.grading.seeds import make_key

    make_key(file)
    typer.echo(f"A new key is in {file}. Keep it secret, and keep it: with it come the same grades again.")


@app.command()
def verify(
    directory: Annotated[Path, typer.Argument(help="The folder that grade wrote.")],
    stamp: Annotated[Path, typer.Option(help="The key file that signed the results.")],
) -> None:
    """Check that results are as they were signed, and that grades.csv says the same."""
    from course_lib.classroom.grading.seeds import read_key
    from course_lib.classroom.grading.stamp import verify as find_problems

    problems = find_problems(directory, read_key(stamp))
    for problem in problems:
        typer.secho(problem, fg="red")
    typer.echo("Something is not as it was signed." if problems else "All results are as they were signed.")
    raise typer.Exit(1 if problems else 0)


@app.command()
def release(directory: Annotated[Path, typer.Argument(help="A new or empty folder.")]) -> None:
    """Write the repository that a class gets: without solutions and answers."""
    from course_lib.classroom.authoring.release import release as write_release

    files = write_release(_root(), directory)
    typer.echo(f"{len(files)} files in {directory}")


@app.command()
def build(
    numbers: Annotated[
        list[str] | None, typer.Argument(help="Lessons and exercises; none means all.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; report every difference.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Execute unchanged lessons too.")] = False,
    proofs: Annotated[bool, typer.Option(help="Prove the checks against all answers.")] = True,
) -> None:
    """Make exercises from solutions, execute changed lessons, prove the checks."""
    from rich.console import Console
    from rich.table import Table

    from course_lib.classroom.authoring.build import build as build_course
    from course_lib.classroom.authoring.build import matrix

    report = build_course(numbers or (), check=check, force=force, prove_answers=proofs, say=typer.echo)
    table = Table("task", "transport", "stub fails", "solution passes", "right accepted", "wrong rejected")
    for row in matrix(report):
        table.add_row(*row)
    if table.row_count:
        Console(width=100).print(table)
        found = [proof for proofs in report.proofs.values() for proof in proofs]
        accepted = sum(bool(proof.problem) for proof in found if proof.answer.kind == "wrong")
        refused = sum(bool(proof.problem) for proof in found if proof.answer.kind in ("right", "solution"))
        typer.echo(
            f"{accepted} wrong answers accepted, {refused} right answers rejected, {len(found)} proofs"
        )
    for name in report.written:
        typer.echo(f"wrote {name}")
    for problem in report.problems:
        typer.secho(f"problem: {problem}", fg="red")
    raise typer.Exit(1 if report.problems else 0)


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check this machine: versions, cores, memory, data, write access."""
    from course_lib.classroom.doctor import examine, report, worst

    findings = examine(_root())
    typer.echo(report(findings, as_json))
    raise typer.Exit(1 if worst(findings) == "problem" else 0)


@app.command()
def bench() -> None:
    """Compare the course's loader with torch's on this machine: small, about a minute."""
    course = _root()
    if not (course / "benchmarks" / "__main__.py").is_file():
        raise ValueError(
            f"there is no folder benchmarks/ in {course}: the benchmarks come with a clone of the course, "
            "not with the installed library. Clone the course and run `course bench` there"
        )
    finished = subprocess.run([sys.executable, "-m", "benchmarks", "--small"], cwd=course, check=False)
    raise typer.Exit(finished.returncode)


if __name__ == "__main__":
    main()
