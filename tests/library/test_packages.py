"""The three lists of packages say the same: pyproject.toml, environment.yml and requirements.lock."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version
from rattler import MatchSpec

ROOT = Path(__file__).parents[2]
# Where conda-forge calls a package by another name than the Python package index.
CONDA_NAMES = {
    "torch": "pytorch",
    "msgpack": "msgpack-python",
    "opencv-python-headless": "opencv",
    "playwright": "playwright-python",
}
CONDA_ONLY = {"python", "pip"}


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def environment() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    return content


def wanted() -> dict[str, SpecifierSet]:
    """Return the bounds of every direct dependency, those of the tests included."""
    lines = [*pyproject()["project"]["dependencies"], *pyproject()["dependency-groups"]["dev"]]
    return {canonicalize_name(each.name): each.specifier for each in map(Requirement, lines)}


def in_conda() -> dict[str, SpecifierSet]:
    """Return what environment.yml asks of conda-forge."""
    specs = [MatchSpec(line) for line in environment()["dependencies"] if isinstance(line, str)]
    return {str(spec.name.normalized): SpecifierSet(spec.version or "") for spec in specs}


def locked() -> dict[str, list[Version]]:
    """Return the versions that requirements.lock chooses: more than one where they depend on the Python."""
    versions: dict[str, list[Version]] = {}
    for line in entries():
        requirement = Requirement(re.split(r"\s+--hash=", line)[0])
        (pin,) = requirement.specifier
        assert pin.operator == "=="
        versions.setdefault(canonicalize_name(requirement.name), []).append(Version(pin.version))
    return versions


def lock() -> str:
    return (ROOT / "requirements.lock").read_text(encoding="utf-8")


def entries() -> list[str]:
    """Return the lock's entries, each with its continued lines, without the comments."""
    lines = [line for line in lock().splitlines() if not line.lstrip().startswith("#")]
    return [entry for entry in "\n".join(lines).replace("\\\n", " ").splitlines() if entry.strip()]


DIRECT = sorted(wanted())


@pytest.mark.parametrize("name", DIRECT)
def test_conda_asks_for_the_same_versions(name: str) -> None:
    assert in_conda()[CONDA_NAMES.get(name, name)] == wanted()[name]


def test_conda_asks_for_nothing_else() -> None:
    assert set(in_conda()) == {CONDA_NAMES.get(name, name) for name in DIRECT} | CONDA_ONLY
    assert in_conda()["python"] == SpecifierSet(pyproject()["project"]["requires-python"])


def test_conda_takes_all_from_conda_forge_and_the_course_from_this_folder() -> None:
    assert environment()["channels"] == ["conda-forge", "nodefaults"]
    assert environment()["dependencies"][-1] == {"pip": ["-e ."]}


@pytest.mark.parametrize("name", DIRECT)
def test_the_lock_chooses_versions_within_the_bounds(name: str) -> None:
    assert locked()[name]
    assert all(wanted()[name].contains(version) for version in locked()[name])


def test_every_locked_package_has_hashes() -> None:
    for entry in entries():
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry
        assert not entry.startswith("-"), f"{entry} is an option, not a package"


def test_the_lock_names_no_host_and_no_place_on_a_disk() -> None:
    assert "://" not in lock()
    assert " @ " not in lock()
    assert not re.search(r"--(index-url|extra-index-url|find-links|trusted-host)", lock())
    assert "file:" not in lock()


def test_locked_torch_and_torchvision_are_a_public_pair() -> None:
    """No local build such as 2.15.0+cpu, and minor versions that were released together."""
    (torch,), (torchvision,) = locked()["torch"], locked()["torchvision"]
    assert torch.local is None
    assert torchvision.local is None
    assert torchvision.minor - torch.minor == 14


def test_the_bounds_that_keep_the_course_running_are_there() -> None:
    for name in ("torch", "torchvision", "jupyterlab", "nbval"):
        assert any(bound.operator == "<" for bound in wanted()[name]), f"{name} has no upper bound"
    assert wanted()["albumentations"] == SpecifierSet("==2.0.8")
