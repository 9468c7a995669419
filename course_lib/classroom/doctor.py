"""Check that this machine can run the course: `course doctor`.

Lesson 00 runs it. Every check is a function that judges what was measured and returns one `Finding`, or
nothing where there is nothing to judge; a finding that is not OK names the command that mends it.
"""

import json
import os
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from platform import machine, python_version, system
from typing import Literal

from course_lib import platform

Status = Literal["OK", "warning", "problem"]

DISTRIBUTION = "dataloading-course"
GIB = 2**30
_REINSTALL = "delete the folder .venv, then: python start.py doctor"


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes:
        subject: what was checked, one or two words.
        status: "OK"; "warning" (the course runs, with less comfort); "problem" (some of it does not run).
        detail: what was seen, one line.
        remedy: the command or act that mends it; empty when all is well.
    """

    subject: str
    status: Status
    detail: str
    remedy: str = ""

    def __str__(self) -> str:
        line = f"{self.status:<8} {self.subject}: {self.detail}"
        return f"{line}  ->  {self.remedy}" if self.remedy else line


def examine(folder: Path | None = None) -> list[Finding]:
    """Check the machine, the installation and the course's folder.

    Args:
        folder: where the course lies and the student's work will; the folder of this installation if None.
    """
    place = Path(__file__).parents[2] if folder is None else folder
    findings = (
        check_python(system(), machine(), sys.maxsize),
        check_packages(DISTRIBUTION),
        check_torch(),
        check_gpu(),
        check_cores(platform.available_cores(), os.cpu_count() or 1),
        check_memory(platform.memory_limit()),
        check_shared_memory(platform.shared_memory_size()),
        check_start_methods(platform.start_methods()),
        check_open_files(platform.open_files_limit()),
        check_data(),
        check_disk(place, shutil.disk_usage(place).free),
        check_write_access(place),
        check_grading(*_tier()),
    )
    return [finding for finding in findings if finding is not None]


def report(findings: Iterable[Finding], as_json: bool = False) -> str:
    """Write the findings down: a line for each, or JSON with the worst status first for programs to read."""
    found = list(findings)
    if as_json:
        record = {"status": worst(found), "findings": [asdict(finding) for finding in found]}
        return json.dumps(record, indent=2)
    return "\n".join(str(finding) for finding in found)


def worst(findings: Iterable[Finding]) -> Status:
    """Return the most serious status among the findings; the command fails if it is "problem"."""
    statuses = {finding.status for finding in findings}
    order: tuple[Status, ...] = ("problem", "warning")
    return next((status for status in order if status in statuses), "OK")


def check_python(system_name: str, processor: str, largest_size: int) -> Finding:
    """PyTorch needs 64 bits, and is made for Macs with Apple's processors only."""
    seen = f"Python {python_version()} on {system_name} {processor}"
    if largest_size < 2**32:
        return Finding("python", "problem", f"{seen}, 32 bits; PyTorch needs 64", "install a 64-bit Python")
    if (system_name, processor) == ("Darwin", "x86_64"):
        detail = f"{seen}; PyTorch no longer supports Intel Macs nor Intel Pythons"
        return Finding("python", "problem", detail, "use Colab: see the README")
    return Finding("python", "OK", seen)


def check_packages(distribution: str) -> Finding:
    """Every package is there, in a version that the course was made for."""
    from packaging.requirements import Requirement

    try:
        listed = [Requirement(line) for line in metadata.requires(distribution) or ()]
    except metadata.PackageNotFoundError:
        return Finding(
            "packages", "warning", "the course itself is not installed", "python -m pip install -e ."
        )
    wanted = [each for each in listed if each.marker is None or each.marker.evaluate()]
    faults = [fault for each in wanted if (fault := _fault(each.name, str(each.specifier)))]
    if faults:
        return Finding("packages", "problem", "; ".join(faults), _REINSTALL)
    return Finding("packages", "OK", f"all {len(wanted)} there, in versions that fit")


def _fault(name: str, bounds: str) -> str:
    """Say what is wrong with an installed package; nothing if it fits the bounds."""
    from packaging.specifiers import SpecifierSet

    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return f"{name} is missing"
    return (
        ""
        if SpecifierSet(bounds).contains(version, prereleases=True)
        else f"{name} {version} is not {bounds}"
    )


def check_torch() -> Finding:
    """torch and torchvision are built for each other: a mixed pair is installed in peace and fails here."""
    try:
        import torch
        import torchvision
    except Exception as error:  # a mixed pair raises RuntimeError, a missing system library OSError
        return Finding("torch", "problem", f"{type(error).__name__}: {error}".splitlines()[0], _REINSTALL)
    return Finding("torch", "OK", f"torch {torch.__version__} with torchvision {torchvision.__version__}")


def check_gpu() -> Finding | None:
    """A graphics processor is welcome and never needed."""
    try:
        import torch
    except Exception:  # the torch check has said so
        return None
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        usable = torch.cuda.is_available()
    complaints = [str(each.message) for each in said if "NVIDIA driver" in str(each.message)]
    if usable:
        size = torch.cuda.get_device_properties(0).total_memory
        return Finding("GPU", "OK", f"{torch.cuda.get_device_name(0)}, {_gib(size)}")
    if torch.backends.mps.is_available():
        return Finding("GPU", "OK", "Apple's, through torch's mps device")
    if complaints and "Found no NVIDIA driver" not in complaints[0]:
        reason = complaints[0].splitlines()[0][:120]
        return Finding("GPU", "warning", f"not usable: {reason}", "update the graphics driver")
    return Finding("GPU", "OK", "none; no lesson needs one")


def check_cores(cores: int, machine_cores: int) -> Finding:
    """Worker processes need a second core to show what they can do."""
    seen = f"{cores} of {machine_cores} usable"
    if cores < 2:
        remedy = "give the container or virtual machine two cores"
        return Finding("cores", "warning", f"{seen}; workers cannot run beside the training", remedy)
    return Finding("cores", "OK", seen)


def check_memory(size: int | None) -> Finding | None:
    """Four GiB carry torch, JupyterLab and a few workers."""
    if size is None:
        return None
    if size < 2 * GIB:
        return Finding("memory", "problem", f"{_gib(size)}; 4 GiB are needed", "use Colab: see the README")
    if size < 3.5 * GIB:
        return Finding("memory", "warning", f"{_gib(size)}; 4 GiB are better", "close other programs")
    return Finding("memory", "OK", _gib(size))


def check_shared_memory(size: int | None) -> Finding | None:
    """Workers hand batches over through shared memory; containers often have only 64 MiB of it."""
    if size is None:
        return None
    if size < GIB:
        remedy = "docker run --shm-size=2g, or: mount -o remount,size=2g /dev/shm"
        return Finding("/dev/shm", "warning", f"{_gib(size)}; workers with large batches may crash", remedy)
    return Finding("/dev/shm", "OK", _gib(size))


def check_start_methods(methods: Sequence[str]) -> Finding:
    """How workers start decides what a data set must be able to do (lesson 11)."""
    default, *others = methods
    return Finding("start methods", "OK", ", ".join([f"{default} (default)", *others]))


def check_open_files(limit: int | None) -> Finding | None:
    """Each batch on its way from a worker may hold files open; macOS allows 256 at first."""
    if limit is None or limit >= 1024:
        return None
    detail = f"{limit} at once; several workers may run out"
    return Finding("open files", "warning", detail, "ulimit -n 4096")


def check_disk(folder: Path, free: int) -> Finding:
    """The student's work, the data and the caches want some room."""
    if free < GIB:
        return Finding("disk", "warning", f"{_gib(free)} free in {folder}", "make room: 1 GiB is enough")
    return Finding("disk", "OK", f"{_gib(free)} free")


def check_write_access(folder: Path) -> Finding:
    """The student's work is kept in `work/`, inside the course's folder."""
    work = folder / "work"
    place = work if work.is_dir() else folder
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        remedy = "copy the course to your home folder and start it there"
        return Finding("write access", "problem", f"cannot write in {place}: {error.strerror}", remedy)
    return Finding("write access", "OK", f"{place}")


def check_grading(tier: str, possible: Sequence[str], remedy: str) -> Finding:
    """How far submissions can be shut in while they are graded: tier A, B or C. Students need not care.

    Args:
        possible: the forbidden acts that succeeded when they were attempted inside.
    """
    if tier == "A":
        return Finding("grading", "OK", "tier A: submissions run in a full sandbox")
    if not tier:
        return Finding("grading", "warning", "submissions cannot be run here", remedy)
    acts = ", ".join(possible) or "whatever you may"
    who = "only for work of people you trust" if tier == "C" else "safe for most classes"
    return Finding("grading", "warning", f"tier {tier}, {who}: submissions can {acts}", remedy)


def _tier() -> tuple[str, tuple[str, ...], str]:
    """Attempt what a submission must not do; returns the tier, what was possible, and what would help."""
    from course_lib.classroom.grading.sandbox import NoSandbox, find_tier

    try:
        tier = find_tier()
    except (NoSandbox, OSError) as problem:
        return "", (), " ".join(f"see: {problem}".split())
    return tier.name, tier.open, tier.remedy


def check_data(root: Path | None = None) -> Finding:
    """MNIST if its files are here, else the digits that come with scikit-learn: neither needs a network."""
    try:
        from course_lib.datasets.cache_folder import cache_folder
        from course_lib.datasets.mnist import source_at_hand

        place = cache_folder() if root is None else root
        source = source_at_hand(place)
    except Exception as error:  # whatever it is, the other findings must come through
        remedy = "delete the file it names; if none, mend the packages first"
        return Finding("data", "problem", f"{type(error).__name__}: {error}".splitlines()[0], remedy)
    if source == "MNIST":
        return Finding("data", "OK", f"MNIST in {place}")
    return Finding("data", "OK", f"scikit-learn's digits, embedded; MNIST would be read from {place}")


def _gib(size: float) -> str:
    """Write a number of bytes for people."""
    return f"{size / GIB:.1f} GiB" if size >= GIB else f"{size / 2**20:.0f} MiB"
