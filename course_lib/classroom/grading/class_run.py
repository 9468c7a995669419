"""Grade a folder of notebooks: `course grade PATH... --out DIR`."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from course_lib.classroom.exercises.tasks import Exercise, load_exercise, root
from course_lib.classroom.grading.fingerprints import checks_digest, digest, environment
from course_lib.classroom.grading.graded import Graded, Run
from course_lib.classroom.grading.hidden import with_hidden
from course_lib.classroom.grading.intake import (
    Found,
    Rejected,
    Submission,
    find_submissions,
    read_exercise,
    read_submission,
)
from course_lib.classroom.grading.jobs import Job, Order, do_job
from course_lib.classroom.grading.journal import Journal
from course_lib.classroom.grading.judge import Verdict
from course_lib.classroom.grading.pool import Answered, do_all
from course_lib.classroom.grading.records import verdict_from_data
from course_lib.classroom.grading.report import write_reports
from course_lib.classroom.grading.roster import Roster, read_roster
from course_lib.classroom.grading.seeds import seed_for
from course_lib.classroom.grading.session import Limits
from course_lib.classroom.grading.submission_times import with_times
from course_lib.classroom.grading.tiers import tier_in_force
from course_lib.classroom.grading.visible import visible_line

#: Called after each submission with its result, how many are done, and how many there are.
Report = Callable[[Graded, int, int], None]


@dataclass(frozen=True)
class Options:
    """How a class is graded.

    Attributes:
        limits: what a student's process may use.
        key: the course's key, from which each student's seed is made.
        hidden: a folder of hidden checks.
        run_points: what a notebook that runs from top to bottom is worth.
        times: the platform's table of submission times.
        jobs: how many submissions are judged at once; 1 judges in this process.
        scheduler: the address of a Dask scheduler, whose workers judge then.
        only: ids or names of the students to grade; what is known of the others stays.
        nbval: run each notebook under nbval as well, and note how that went.
        regrade: grade again what was graded before.
        stamp_key: signs each result.
        course: the folder that holds `tests/exercises/`; None is this installation's.
    """

    limits: Limits = field(default_factory=Limits)
    key: bytes = b""
    hidden: Path | None = None
    run_points: int = 0
    times: Path | None = None
    jobs: int = 1
    scheduler: str = ""
    only: tuple[str, ...] = ()
    nbval: bool = False
    regrade: bool = False
    stamp_key: bytes | None = None
    course: Path | None = None


@dataclass(frozen=True)
class Entry:
    """One student's work before it is judged: a submission, or why there is none."""

    student: str
    file: str
    more_names: tuple[str, ...]
    notes: tuple[str, ...]
    submission: Submission | None
    problem: str = ""


def grade_class(
    paths: Sequence[Path],
    out: Path,
    *,
    number: str | None = None,
    roster: Path | None = None,
    limits: Limits | None = None,
    options: Options | None = None,
    report: Report = lambda graded, done, total: None,
) -> list[Graded]:
    """Grade every notebook under `paths` and write the reports.

    What is done is kept in `out/journal.jsonl`: a run that was interrupted goes on where it was, and what
    has not changed is not judged again.

    Args:
        number: the exercise; None takes the one that most of the notebooks say they are.
        roster: a TOML file, see `roster.py`.
        limits: a shorter way to give `Options.limits`.

    Raises:
        ValueError: when there is nothing to grade, the exercise cannot be told, or a machine that should
            judge has other checks or versions.
    """
    options = options or Options()
    found = find_submissions(paths)
    if not found:
        raise ValueError(
            f"no notebook below {', '.join(map(str, paths))}: name files or folders with .ipynb files"
        )
    students = read_roster(roster) if roster else Roster()
    if options.times:
        students = with_times(students, options.times)
    number = number or _commonest_exercise(found)
    public = load_exercise(number) if options.course is None else load_exercise(number, options.course)
    exercise = with_hidden(public, options.hidden)
    order = _order(exercise, options, limits or options.limits)
    run = _ClassRun(exercise, order, options, students, Journal(out / "journal.jsonl"), report)
    graded = run.grade(_by_student(found, students))
    write_reports(out, exercise, graded, run.in_common(graded))
    return graded


class _ClassRun:
    """The submissions of a run on their way: from the journal, to the workers, into results."""

    def __init__(
        self,
        exercise: Exercise,
        order: Order,
        options: Options,
        roster: Roster,
        journal: Journal,
        report: Report,
    ) -> None:
        self.exercise, self.order, self.options = exercise, order, options
        self.roster, self.journal, self.report = roster, journal, report
        self._results: dict[str, Graded] = {}
        self._entries: dict[str, Entry] = {}
        self._told = self._total = 0

    def grade(self, groups: dict[str, list[Found]]) -> list[Graded]:
        """Return a result for each student, in the order of `groups`."""
        self._check_names(groups)
        self._total = sum(self._is_chosen(student, found) for student, found in groups.items())
        for job, answer in self._answers(self._jobs(groups)):
            if "refused" in answer:
                raise ValueError(str(answer["refused"]))
            entry = self._entries.pop(job.student)
            if "verdict" in answer:
                self.journal.write(self._key(job), answer)
                verdict = verdict_from_data(answer["verdict"], self.exercise)
            else:
                verdict = Verdict(status="crashed", note=f"not graded, run again: {answer['trouble']}")
            self._keep(entry, job, verdict)
        return [self._results[student] for student in groups if student in self._results]

    def in_common(self, graded: Sequence[Graded]) -> Run:
        """Return what the reports say of the whole run."""
        handed_in = {each.student for each in graded}
        return Run(
            tier=self.order.tier,
            run_points=self.options.run_points,
            late_policy=self.roster.late is not None,
            checks=self.order.checks,
            environment=self.order.environment,
            missing=tuple(name for name in self.roster.names if name not in handed_in),
            stamp_key=self.options.stamp_key,
        )

    def _answers(self, jobs: Iterator[Job]) -> Iterator[Answered]:
        if self.options.scheduler:
            from course_lib.classroom.grading.cluster import do_all_on_cluster

            return do_all_on_cluster(jobs, self.order, self.options.scheduler)
        workers = min(self.options.jobs, self._total)
        if workers > 1:
            return do_all(jobs, self.order, workers)
        return ((job, do_job(job, self.order, self.exercise)) for job in jobs)

    def _jobs(self, groups: dict[str, list[Found]]) -> Iterator[Job]:
        """Yield what must be judged; what is rejected or known from the journal becomes a result at once."""
        for student, found in groups.items():
            entry = _read(student, found, self.exercise)
            if entry.submission is None:
                verdict = Verdict(status="rejected", note=visible_line(entry.problem))
                self._keep(entry, None, verdict, tell=self._is_chosen(student, found))
                continue
            job = Job(student, entry.submission, seed_for(student, self.options.key))
            chosen = self._is_chosen(student, found)
            known = self._known(job)
            if known is not None and not (self.options.regrade and chosen):
                self._keep(entry, job, known, tell=chosen)
            elif chosen:
                self._entries[student] = entry
                yield job

    def _keep(self, entry: Entry, job: Job | None, verdict: Verdict, *, tell: bool = True) -> None:
        verdict.notes = [*verdict.notes, *entry.notes]
        if self.roster.names and entry.student not in self.roster.names:
            verdict.notes.append("not on the roster")
        runs = self.options.run_points if verdict.ran else 0
        days = self.roster.days_late(entry.student, *entry.more_names)
        due = self.roster.deadline is not None or entry.student in self.roster.extensions
        penalty = 0.0
        if days and self.roster.late:
            possible = self.exercise.points() + self.options.run_points
            penalty = self.roster.late.penalty(days, verdict.score + runs, possible)
        graded = Graded(
            entry.student,
            entry.file,
            verdict,
            late=str(days) if days else "?" if due and days is None else "",
            penalty=penalty,
            run_points=runs,
            submission=entry.submission.digest if entry.submission else "",
            seed=job.seed if job else 0,
        )
        self._results[entry.student] = graded
        if tell:
            self._told += 1
            self.report(graded, self._told, self._total)

    def _known(self, job: Job) -> Verdict | None:
        """Return the verdict that the journal has for a job."""
        record = self.journal.get(self._key(job))
        try:
            return None if record is None else verdict_from_data(record["verdict"], self.exercise)
        except (KeyError, TypeError, ValueError):  # somebody wrote in the journal: judge again
            return None

    def _key(self, job: Job) -> str:
        """Name all that a verdict depends on: with the same key comes the same verdict."""
        order = self.order
        parts = [job.submission.digest, job.seed, order.number, order.checks, order.environment, order.tier]
        return digest([*parts, order.limits, *(["nbval"] if order.nbval else [])])

    def _is_chosen(self, student: str, found: Sequence[Found]) -> bool:
        names = {student.casefold(), *(each.student.casefold() for each in found)}
        return not self.options.only or any(name.casefold() in names for name in self.options.only)

    def _check_names(self, groups: dict[str, list[Found]]) -> None:
        known = {student.casefold() for student in groups}
        known |= {each.student.casefold() for found in groups.values() for each in found}
        strangers = [name for name in self.options.only if name.casefold() not in known]
        if strangers:
            some = ", ".join(list(groups)[:10])
            raise ValueError(f"nobody called {', '.join(strangers)} handed in; there are: {some}")


def _read(student: str, found: Sequence[Found], exercise: Exercise) -> Entry:
    """Choose a student's notebook of this exercise and read it."""
    chosen = list(found)
    notes: list[str] = []
    if len(found) > 1:
        chosen = [each for each in found if read_exercise(each) == exercise.number] or [found[0]]
        if len(found) > len(chosen):
            notes.append(f"notebooks of other exercises left out: {len(found) - len(chosen)}")
    first = chosen[0]
    names = tuple({each.number for each in found if each.number} | {each.student for each in found})
    try:
        if len(chosen) > 1:
            raise Rejected(
                f"{student} has {len(chosen)} notebooks of exercise {exercise.number}: leave one of them."
            )
        return Entry(student, first.name, names, tuple(notes), read_submission(first, exercise))
    except Rejected as reason:
        return Entry(student, first.name, names, tuple(notes), None, str(reason))


def _by_student(found: Iterable[Found], roster: Roster) -> dict[str, list[Found]]:
    groups: dict[str, list[Found]] = defaultdict(list)
    for each in found:
        groups[roster.identify(each.student, each.number)].append(each)
    return dict(groups)


def _order(exercise: Exercise, options: Options, limits: Limits) -> Order:
    return Order(
        exercise.number,
        str(options.course or root()),
        str(options.hidden.resolve()) if options.hidden else "",
        asdict(limits),
        tier_in_force(),
        checks_digest(exercise),
        environment(),
        options.nbval,
    )


def _commonest_exercise(found: Sequence[Found]) -> str:
    numbers = Counter(number for each in found if (number := read_exercise(each)) is not None)
    if not numbers:
        raise ValueError(
            f"none of the {len(found)} files says which exercise it is: are they notebooks of this course? "
            "Name the exercise with --exercise 03."
        )
    return numbers.most_common(1)[0][0]
