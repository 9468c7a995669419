"""The doctor judges what it is told was measured, and finds this machine fit."""

import dataclasses
import json
import pickle
import sys
from importlib import metadata
from pathlib import Path

import pytest

from course_lib import platform
from course_lib.classroom import doctor
from course_lib.classroom.doctor import GIB, Finding


@pytest.fixture(scope="module")
def findings() -> list[Finding]:
    return doctor.examine()


class TestThisMachine:
    def test_it_can_run_the_course(self, findings: list[Finding]) -> None:
        assert doctor.worst(findings) != "problem", doctor.report(findings)

    def test_every_subject_is_looked_at_once(self, findings: list[Finding]) -> None:
        subjects = [finding.subject for finding in findings]
        assert len(subjects) == len(set(subjects))
        always = {
            "python",
            "packages",
            "torch",
            "GPU",
            "cores",
            "start methods",
            "data",
            "disk",
            "write access",
        }
        assert always <= set(subjects)
        assert ("/dev/shm" in subjects) == (platform.shared_memory_size() is not None)

    def test_a_finding_is_one_line(self, findings: list[Finding]) -> None:
        lines = doctor.report(findings).splitlines()
        assert len(lines) == len(findings)
        for line, finding in zip(lines, findings):
            assert line.startswith(f"{finding.status:<8} {finding.subject}: ")

    def test_programs_read_the_same_as_people(self, findings: list[Finding]) -> None:
        record = json.loads(doctor.report(findings, as_json=True))
        assert [Finding(**each) for each in record["findings"]] == findings
        assert record["status"] == doctor.worst(findings)

    def test_findings_are_plain_frozen_records(self, findings: list[Finding]) -> None:
        assert pickle.loads(pickle.dumps(findings)) == findings
        with pytest.raises(dataclasses.FrozenInstanceError):
            findings[0].status = "OK"  # type: ignore[misc]

    def test_only_what_is_not_ok_has_a_remedy(self, findings: list[Finding]) -> None:
        for finding in findings:
            assert bool(finding.remedy) == (finding.status != "OK"), finding


@pytest.mark.parametrize(
    ("finding", "status", "says"),
    [
        (doctor.check_python("Linux", "x86_64", 2**63 - 1), "OK", "Linux x86_64"),
        (doctor.check_python("Darwin", "arm64", 2**63 - 1), "OK", "Darwin arm64"),
        (doctor.check_python("Windows", "x86", 2**31 - 1), "problem", "64-bit"),
        (doctor.check_python("Darwin", "x86_64", 2**63 - 1), "problem", "Colab"),
        (doctor.check_cores(8, 16), "OK", "8 of 16"),
        (doctor.check_cores(2, 2), "OK", "2 of 2"),
        (doctor.check_cores(1, 8), "warning", "two cores"),
        (doctor.check_memory(16 * GIB), "OK", "16.0 GiB"),
        (doctor.check_memory(3 * GIB), "warning", "close other programs"),
        (doctor.check_memory(512 * 2**20), "problem", "512 MiB"),
        (doctor.check_shared_memory(8 * GIB), "OK", "8.0 GiB"),
        (doctor.check_shared_memory(64 * 2**20), "warning", "docker run --shm-size=2g"),
        (doctor.check_start_methods(("spawn",)), "OK", "spawn (default)"),
        (doctor.check_start_methods(("fork", "spawn")), "OK", "fork (default), spawn"),
        (doctor.check_open_files(256), "warning", "ulimit -n 4096"),
        (doctor.check_disk(Path("here"), 5 * GIB), "OK", "5.0 GiB free"),
        (doctor.check_disk(Path("here"), 10 * 2**20), "warning", "10 MiB free in here"),
        (doctor.check_grading("A", (), ""), "OK", "full sandbox"),
        (doctor.check_grading("B", ("see other processes",), "let"), "warning", "can see other processes"),
        (doctor.check_grading("C", (), "grade on Linux"), "warning", "people you trust"),
        (doctor.check_grading("", (), "see: the reason"), "warning", "the reason"),
        (doctor.check_packages("dataloading-course"), "OK", "all "),
        (doctor.check_packages("a-course-that-is-not-installed"), "warning", "pip install -e ."),
    ],
)
def test_judgement(finding: Finding, status: str, says: str) -> None:
    assert finding.status == status
    assert says in str(finding)
    assert "\n" not in str(finding)
    assert bool(finding.remedy) == (status != "OK")


def test_what_the_system_does_not_say_is_passed_over() -> None:
    assert doctor.check_memory(None) is None
    assert doctor.check_shared_memory(None) is None
    assert doctor.check_open_files(None) is None
    assert doctor.check_open_files(1024) is None


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (["numpy>=2.0"], ""),
        (["numpy<1"], f"numpy {metadata.version('numpy')} is not <1"),
        (["no-such-package>=3"], "no-such-package is missing"),
        (["numpy<1", "no-such-package"], "; no-such-package is missing"),
        (["no-such-package; python_version < '3'"], ""),
        ([], ""),
    ],
)
def test_packages_are_held_against_their_bounds(
    lines: list[str], fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an installed distribution that is made for the purpose: its metadata is all that counts."""
    folder = tmp_path / "a_course-1.0.dist-info"
    folder.mkdir()
    requires = "".join(f"Requires-Dist: {line}\n" for line in lines)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: a-course\nVersion: 1.0\n{requires}")
    monkeypatch.syspath_prepend(str(tmp_path))
    finding = doctor.check_packages("a-course")
    assert finding.status == ("problem" if fault else "OK")
    assert fault in finding.detail


class TestData:
    def test_embedded_digits_are_fine(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        finding = doctor.check_data(tmp_path)
        assert finding.status == "OK"
        assert "embedded" in finding.detail
        assert capsys.readouterr().out == ""  # else `--json` would not be JSON

    def test_mnist_is_named_where_it_lies(self, tmp_path: Path) -> None:
        """The embedded digits come in MNIST's own format: under MNIST's name they are read as MNIST."""
        doctor.check_data(tmp_path)
        (tmp_path / "digits" / "MNIST").rename(tmp_path / "MNIST")
        finding = doctor.check_data(tmp_path)
        assert (finding.status, finding.detail) == ("OK", f"MNIST in {tmp_path}")

    def test_a_damaged_file_is_a_problem(self, tmp_path: Path) -> None:
        doctor.check_data(tmp_path)
        (tmp_path / "digits" / "MNIST").rename(tmp_path / "MNIST")
        for file in (tmp_path / "MNIST" / "raw").iterdir():
            file.write_bytes(file.read_bytes()[:100])
        finding = doctor.check_data(tmp_path)
        assert finding.status == "problem"
        assert str(tmp_path / "MNIST" / "raw") in finding.detail
        assert finding.remedy.startswith("delete the file")


class TestWriteAccess:
    def test_a_folder_of_ones_own(self, tmp_path: Path) -> None:
        assert doctor.check_write_access(tmp_path).status == "OK"
        assert list(tmp_path.iterdir()) == []

    def test_work_is_what_counts_once_it_exists(self, tmp_path: Path) -> None:
        (tmp_path / "work").mkdir()
        assert str(tmp_path / "work") in doctor.check_write_access(tmp_path).detail

    @pytest.mark.skipif(
        not sys.platform.startswith("linux"), reason="/proc is a folder that nobody may write to"
    )
    def test_a_folder_that_nobody_may_write_to(self) -> None:
        finding = doctor.check_write_access(Path("/proc/self"))
        assert finding.status == "problem"
        assert "cannot write in /proc/self" in finding.detail
        assert "home folder" in finding.remedy

    @pytest.mark.skipif(platform.is_root(), reason="root may write everywhere")
    def test_a_read_only_folder(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o500)
        try:
            assert doctor.check_write_access(tmp_path).status == "problem"
        finally:
            tmp_path.chmod(0o700)


def test_the_worst_status_counts() -> None:
    fine, uneasy, broken = (
        Finding("a", "OK", ""),
        Finding("b", "warning", "", "x"),
        Finding("c", "problem", "", "x"),
    )
    assert doctor.worst([]) == "OK"
    assert doctor.worst([fine]) == "OK"
    assert doctor.worst([fine, uneasy]) == "warning"
    assert doctor.worst([broken, uneasy, fine]) == "problem"
