"""A disk that fills up: nothing that was there is lost, and the work goes on or says why it cannot."""

import subprocess
import sys
import textwrap

import pytest

# Runs in a namespace of its own, in which an ordinary user may mount a small file system.
BEGIN = """
    import os, subprocess, sys, tempfile, time
    from pathlib import Path
    import torch
    from course_lib import AutoOptimizedDataset, DatabaseDataset, DataLoader, Dataset, RobustDataset

    folder = Path(sys.argv[1])
    mount = ["mount", "-t", "tmpfs", "-o", "size=400k", "none", str(folder)]
    if subprocess.run(mount).returncode:
        sys.exit(77)
    tempfile.tempdir = str(folder)

    class Slow(Dataset):
        def __len__(self):
            return 12
        def __getitem__(self, index):
            time.sleep(0.02)
            if index in bad:
                raise ValueError("x" * 400)
            return torch.full((20_000,), float(index))

    bad = set()
    def fill():
        with open(folder / "filler", "wb", buffering=0) as file:
            try:
                while file.write(bytes(1024)):
                    pass
            except OSError:
                return
"""
SITUATIONS = {
    "a database": """
        path = folder / "samples.db"
        first = DatabaseDataset.create(path, [(torch.ones(100), 1)], "first")
        try:
            DatabaseDataset.create(path, ((torch.ones(10_000), n) for n in range(100)), "second")
        except OSError as error:
            assert "no space" in str(error) and "samples.db" in str(error), error
        else:
            raise AssertionError("it fitted")
        assert first[0][1] == 1
        assert [label for _, label in DatabaseDataset(path, "first")] == [1]
        try:
            DatabaseDataset(path, "second")
        except ValueError as error:
            assert "has no table 'second'" in str(error)
    """,
    "a cache": """
        dataset = AutoOptimizedDataset(Slow(), 10**9)
        for workers in (0, 2, 0):
            loader = DataLoader(dataset, batch_size=3, num_workers=workers)
            assert torch.cat(list(loader))[:, 0].tolist() == list(range(12))
        statistics = dataset.statistics()
        assert 1 <= statistics.samples_kept <= 4, statistics
        kept = [path.stat().st_size for path in dataset._cache.folder.glob("*.sample")]
        assert sum(kept) == statistics.bytes_kept
        assert not list(dataset._cache.folder.glob("*.part"))
        assert statistics.hits > 0
    """,
    "a report": """
        dataset = RobustDataset(Slow())
        with dataset._record._table.locked():  # makes the file of the lock
            pass
        bad |= {3, 7}
        dataset[0]
        fill()
        for workers in (0, 2):
            loader = DataLoader(dataset, batch_size=4, num_workers=workers)
            assert torch.cat(list(loader))[:, 0].tolist() == [n for n in range(12) if n not in bad]
        assert [(one.index, one.times) for one in dataset.report().failures] == [(3, 2), (7, 2)]
    """,
    "difficulties": """
        import warnings
        import numpy as np
        from course_lib import CurriculumDataLoader, ListDataset
        path = folder / "difficulties.npy"
        for size, fits in ((1000, True), (60_000, False)):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                data = ListDataset(list(range(size)))
                loader = CurriculumDataLoader(data, float, batch_size=size, cache=path)
            assert loader.scores.tolist() == list(range(size))
            told = [str(one.message) for one in caught if "could not be written" in str(one.message)]
            assert len(told) == (not fits), told
            assert all("No space left" in text and str(path) in text for text in told), told
        assert np.load(path).tolist() == list(range(1000))
        assert [file.name for file in folder.iterdir()] == ["difficulties.npy"], list(folder.iterdir())
        loader.set_epoch(100)
        assert [len(batch) for batch in loader] == [60_000]
    """,
    "difficulties in a folder that cannot be written": """
        import warnings
        from course_lib import CurriculumDataLoader, ListDataset
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        path = folder / "difficulties.npy"
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            loader = CurriculumDataLoader(ListDataset(list(range(1000))), float, cache=path)
        assert loader.scores.tolist() == list(range(1000))
        told = [str(one.message) for one in caught if "could not be written" in str(one.message)]
        assert len(told) == 1 and f"Read-only file system: '{path}'" in told[0], told
        assert not list(folder.iterdir())
    """,
    "a timeline": """
        from course_lib.measure.timeline import Timeline
        timeline = Timeline((), (), 0.0, 1.0)
        timeline.save_chrome(folder / "old.json")
        before = (folder / "old.json").read_bytes()
        fill()
        for name in ("old.json", "new.json"):
            try:
                timeline.save_chrome(folder / name)
            except OSError as error:
                assert (error.errno, error.filename) == (28, str(folder / name)), error
            else:
                raise AssertionError("it fitted")
        assert before and (folder / "old.json").read_bytes() == before
        assert sorted(file.name for file in folder.iterdir()) == ["filler", "old.json"]
    """,
    "no room to begin with": """
        fill()
        for make in (AutoOptimizedDataset, RobustDataset):
            try:
                make(Slow())
            except OSError as error:
                assert error.errno == 28, error
            else:
                raise AssertionError("it began")
        assert [path.name for path in folder.iterdir()] == ["filler"], list(folder.iterdir())
    """,
}


@pytest.mark.slow
@pytest.mark.parametrize("situation", SITUATIONS)
def test_a_disk_that_fills_up(situation, tmp_path):
    program = textwrap.dedent(BEGIN) + textwrap.dedent(SITUATIONS[situation])
    command = ["unshare", "-rm", sys.executable, "-c", program, str(tmp_path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    except FileNotFoundError:
        pytest.skip("this system has no unshare")
    if done.returncode == 77 or "unshare failed" in done.stderr:
        pytest.skip("this system lets nobody mount a small tmpfs")
    assert done.returncode == 0, done.stderr
