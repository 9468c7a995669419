"""Samples in a real SQLite database."""

import multiprocessing
import os
import pickle
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
import pytest
import torch
import torch.utils.data as torch_data
from hypothesis import given
from hypothesis import strategies as st

from course_lib import DatabaseDataset, DataLoader, TransformDataset, default_collate
from course_lib.datasets.array_bytes import decode_array, encode_array

MANY = 100_000


def numbered(count):
    return ((torch.full((2, 3), float(n)), n) for n in range(count))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("database") / "samples.db"
    DatabaseDataset.create(path, numbered(20))
    return path


@pytest.fixture
def dataset(path):
    return DatabaseDataset(path, "samples")


def execute(path, *statements):
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(*statement) if isinstance(statement, tuple) else connection.execute(statement)


def test_samples_come_back_as_they_were_written(tmp_path):
    samples = [
        (torch.arange(6).view(2, 3), "a ü", None),
        (np.array([[1.5, 2.5]]), 2.5, np.float32(7)),
        (torch.tensor(3, dtype=torch.bfloat16), -(2**63), np.datetime64("2020-01-01")),
        (torch.empty(0, 4), "", np.array(["one", "three"])),
    ]
    dataset = DatabaseDataset.create(tmp_path / "a ?#%.db", samples, columns=("x", "y", "z"))
    assert len(dataset) == 4
    for sample, expected in zip(dataset, samples):
        for value, wanted in zip(sample, expected):
            assert type(value) is type(wanted)
            if isinstance(wanted, torch.Tensor):
                assert value.dtype == wanted.dtype
                assert torch.equal(value, wanted)
            else:
                assert np.array_equal(value, wanted)
                assert getattr(value, "dtype", None) == getattr(wanted, "dtype", None)


@given(indices=st.lists(st.integers(-20, 19)))
def test_a_batch_is_the_samples_one_by_one(path, indices):
    dataset = DatabaseDataset(path, "samples")
    for form in (indices, torch.tensor(indices, dtype=torch.int64)):
        batch = dataset.__getitems__(form)
        assert [label for _, label in batch] == [index % 20 for index in indices]
        assert all(torch.equal(values, dataset[label][0]) for values, label in batch)


def test_equal_samples_of_a_batch_share_no_memory(dataset):
    first, second = dataset.__getitems__([3, 3])
    first[0].zero_()
    assert second[0].eq(3).all()


def test_a_batch_is_one_query(dataset):
    dataset[0]
    statements = []
    (own,) = dataset._table._connections.values()
    own.connection.set_trace_callback(statements.append)
    dataset.__getitems__(list(range(20)) * 100)
    assert len(statements) == 1


def test_bounds(dataset):
    assert dataset[-1][1] == 19
    for index in (20, -21):
        with pytest.raises(IndexError, match=str(index)):
            dataset[index]
        with pytest.raises(IndexError, match=str(index)):
            dataset.__getitems__([0, index])


def test_transform_gets_the_first_value(path):
    dataset = DatabaseDataset(path, "samples", transform=torch.sum)
    assert dataset[2] == (torch.tensor(12.0), 2)
    nested = TransformDataset(DatabaseDataset(path, "samples"), torch.sum)
    assert default_collate(nested.__getitems__([1, 2]))[0].tolist() == [6, 12]


def test_columns_choose_and_order_the_values(path):
    assert DatabaseDataset(path, "samples", columns=("label", "id"))[4] == (4, 5)
    assert DatabaseDataset(path, "samples", columns=["label"])[4] == (4,)


def test_trap_ids_with_gaps_and_from_one(tmp_path):
    """Looking for the ids 0 to n - 1 misses the last row of an autoincrement table, and every gap."""
    path = tmp_path / "gaps.db"
    DatabaseDataset.create(path, numbered(30))
    execute(path, "DELETE FROM samples WHERE id % 3 = 0", "INSERT INTO samples VALUES (-7, NULL, -1)")
    dataset = DatabaseDataset(path, "samples", columns=("label",))
    assert [label for (label,) in dataset] == [-1, *(n for n in range(30) if (n + 1) % 3)]


def test_a_column_may_be_called_rowid(tmp_path):
    path = tmp_path / "rowid.db"
    execute(path, "CREATE TABLE t (rowid TEXT, label)", "INSERT INTO t VALUES ('x', 1), ('x', 2)")
    assert list(DatabaseDataset(path, "t", columns=("rowid", "label"))) == [("x", 1), ("x", 2)]
    assert [*DatabaseDataset(path, "t", columns=("label",))] == [(1,), (2,)]


HOSTILE = [
    "samples; DROP TABLE samples",
    'samples" --',
    "samples WHERE 1=0",
    "",
    "(SELECT 1)",
    "sqlite_master",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_trap_table_name_in_the_query(path, name):
    with pytest.raises(ValueError, match=r"has no table .*'samples'"):
        DatabaseDataset(path, name)
    with pytest.raises(ValueError, match=r"has no column .*'label'"):
        DatabaseDataset(path, "samples", columns=("label", name))
    with pytest.raises(ValueError, match=r"no name for a table|could not take"):
        DatabaseDataset.create(path, [(1, 2)], name)
    assert len(DatabaseDataset(path, "samples")) == 20


def test_a_hostile_name_that_exists_is_only_a_name(tmp_path):
    path, name = tmp_path / "odd.db", 'samples"; DROP TABLE "keep'
    quoted = '"' + name.replace('"', '""') + '"'
    execute(path, "CREATE TABLE keep (x)", f"CREATE TABLE {quoted} (data, {quoted})")
    execute(path, f"INSERT INTO {quoted} VALUES (1, 2)")
    assert DatabaseDataset(path, name, columns=("data", name))[0] == (1, 2)
    assert len(DatabaseDataset(path, "keep", columns=("x",))) == 0


def test_a_wrong_column_is_not_taken_for_a_text(path):
    with pytest.raises(ValueError, match=r"no column 'lable'; it has 'id', 'data', 'label'"):
        DatabaseDataset(path, "samples", columns=("data", "lable"))


@pytest.mark.parametrize(("columns", "error"), [("data", TypeError), ((), TypeError), ((1,), TypeError)])
def test_columns_are_names(path, columns, error):
    with pytest.raises(error, match="columns got"):
        DatabaseDataset(path, "samples", columns=columns)


class Bomb:
    """Leaves a trace when it is unpickled."""

    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (str(self.trace),)


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_trap_a_pickle_in_the_database_runs_nothing(tmp_path, protocol):
    path, trace = tmp_path / "bomb.db", tmp_path / "executed"
    content = pickle.dumps(Bomb(trace), protocol)
    execute(path, "CREATE TABLE t (data, label)", ("INSERT INTO t VALUES (?, 0)", (content,)))
    with pytest.raises(ValueError, match=r"no stored array.*pickle") as caught:
        DatabaseDataset(path, "t")[0]
    assert "column 'data' of the row with rowid 1" in "".join(caught.value.__notes__)
    assert not trace.exists()
    assert DatabaseDataset(path, "t", decode_blob=bytes)[0] == (content, 0)


@given(st.data())
def test_damaged_arrays_are_refused_or_read_but_do_nothing_else(data):
    content = bytearray(encode_array(torch.arange(4)))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        values = decode_array(bytes(content))
    except ValueError as error:
        assert "stored array" in str(error)  # noqa: PT017
    else:
        assert isinstance(values, torch.Tensor | np.ndarray | np.generic)


@given(cut=st.integers(0, 55))
def test_cut_off_arrays_are_refused(cut):
    content = encode_array(np.arange(4))
    assert len(content) == 64
    with pytest.raises(ValueError, match="stored array"):
        decode_array(content[:cut])


@pytest.mark.parametrize("value", [np.array([object()]), np.array([{}, None])])
def test_arrays_of_objects_are_no_plain_values(value):
    with pytest.raises(TypeError, match="plain numbers"):
        encode_array(value)


def test_a_file_that_is_no_database(tmp_path):
    path = tmp_path / "corrupt.db"
    path.write_bytes(random.Random(0).randbytes(8192))
    with pytest.raises(ValueError, match=r"corrupt\.db is no SQLite database"):
        DatabaseDataset(path, "samples")


def test_a_damaged_database(tmp_path):
    path = tmp_path / "damaged.db"
    DatabaseDataset.create(path, ((torch.rand(500), n) for n in range(200)))
    content = bytearray(path.read_bytes())
    half = len(content) // 2
    content[half:] = bytes(len(content) - half)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"damaged\.db is no SQLite database, or is damaged"):
        list(DatabaseDataset(path, "samples"))


def test_a_missing_file_is_not_made(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.db is no file"):
        DatabaseDataset(tmp_path / "none.db", "samples")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_vanishes_between_index_and_read(tmp_path):
    path = tmp_path / "gone.db"
    dataset = DatabaseDataset.create(path, numbered(3))
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"gone\.db is no file"):
        dataset[0]


def test_a_row_that_vanishes_between_index_and_read(tmp_path):
    path = tmp_path / "row.db"
    dataset = DatabaseDataset.create(path, numbered(3))
    execute(path, "DELETE FROM samples WHERE id = 2")
    assert (dataset[0][1], dataset[2][1]) == (0, 2)
    with pytest.raises(RuntimeError, match="rowid 2 has been deleted"):
        dataset[1]


def test_a_locked_file_times_out_with_a_clear_error(path):
    dataset = DatabaseDataset(path, "samples", timeout=0.05)
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.raises(TimeoutError, match="locked by another process"):
            dataset[0]
        writer.execute("ROLLBACK")
    assert dataset[0][1] == 0


DIE_WHILE_WRITING = """
    import os, sqlite3, sys
    connection = sqlite3.connect(sys.argv[1], isolation_level=None)
    connection.execute("PRAGMA cache_size = 1")  # so that it writes into the file before it commits
    connection.execute("BEGIN")
    connection.execute("UPDATE samples SET label = -1, data = zeroblob(5000)")
    os.kill(os.getpid(), 9)
"""


@pytest.mark.skipif(os.name != "posix", reason="only POSIX ends a process this way")
def test_a_writer_that_was_killed_loses_nothing(tmp_path):
    path = tmp_path / "killed.db"
    dataset = DatabaseDataset.create(path, numbered(50))
    open_one = DatabaseDataset(path)
    assert open_one[0][1] == 0
    subprocess.run([sys.executable, "-c", textwrap.dedent(DIE_WHILE_WRITING), str(path)])
    assert path.with_name("killed.db-journal").exists()
    assert [label for _, label in open_one] == list(range(50))
    subprocess.run([sys.executable, "-c", textwrap.dedent(DIE_WHILE_WRITING), str(path)])
    assert [label for _, label in DatabaseDataset(path)] == list(range(50))
    assert [label for _, label in dataset] == list(range(50))


# In a namespace of its own an ordinary user may mount; root becomes an ordinary user for a while.
READ_ONLY = """
    import os, sqlite3, subprocess, sys
    from pathlib import Path
    import torch
    from course_lib import DatabaseDataset, DataLoader

    root, kind = Path(sys.argv[1]), sys.argv[2]
    if kind == "mount" and subprocess.run(["mount", "--bind", root, root]).returncode:
        sys.exit(77)

    def execute(*statements, die=False):
        if os.fork() == 0:
            connection = sqlite3.connect(path, isolation_level=None)
            for statement in statements:
                connection.execute(statement)
            if die:
                os.kill(os.getpid(), 9)
            connection.close()
            os._exit(0)
        os.wait()

    def close_the_place():
        if kind == "mount":
            subprocess.run(["mount", "--bind", path.parent, path.parent], check=True)
            subprocess.run(["mount", "-o", "remount,ro,bind", path.parent], check=True)
            return
        path.parent.chmod(0o555)
        if os.getuid() == 0:
            os.setresuid(23456, 23456, 0)

    def open_the_place():
        if os.getresuid()[2] == 0:
            os.setresuid(0, 0, 0)
        path.parent.chmod(0o755)

    def labels(dataset, workers=0):
        return [label for _, label in DataLoader(dataset, None, num_workers=workers)]

    def refused(*words):
        try:
            DatabaseDataset(path)
        except ValueError as error:
            assert all(word in str(error) for word in ("samples.db cannot", "Copy both", *words)), error
        else:
            raise AssertionError("it was read")

    def no_wal():
        close_the_place()
        assert labels(DatabaseDataset(path)) == list(range(20))

    def wal_that_was_closed():
        execute("PRAGMA journal_mode = WAL")
        link = root / "link.db"
        link.symlink_to(path)
        close_the_place()
        for name in (path, link):
            dataset = DatabaseDataset(name)
            for workers in (0, 2):
                assert labels(dataset, workers) == list(range(20))
        assert [one.name for one in path.parent.iterdir()] == ["samples.db"]

    def wal_with_an_empty_log():
        execute("PRAGMA journal_mode = WAL")
        path.with_name("samples.db-wal").touch()
        close_the_place()
        assert labels(DatabaseDataset(path)) == list(range(20))

    def wal_with_a_log_and_its_index():
        execute("PRAGMA journal_mode = WAL", "UPDATE samples SET label = label + 1", die=True)
        close_the_place()
        assert labels(DatabaseDataset(path)) == list(range(1, 21))

    def wal_with_a_log():
        execute("PRAGMA journal_mode = WAL", "UPDATE samples SET label = label + 1", die=True)
        path.with_name("samples.db-shm").unlink()
        close_the_place()
        refused("samples.db-wal", "journal_mode = DELETE")

    def what_a_killed_writer_left():
        update = "UPDATE samples SET label = -1, data = zeroblob(5000)"
        execute("PRAGMA cache_size = 1", "BEGIN", update, die=True)
        close_the_place()
        refused("samples.db-journal")

    def somebody_else_writes():
        if kind == "mount":
            return
        execute("PRAGMA journal_mode = WAL")
        close_the_place()
        dataset, again = DatabaseDataset(path), DatabaseDataset(path)
        assert dataset[3][1] == 3
        open_the_place()
        execute("UPDATE samples SET label = label + 1")
        close_the_place()
        for one in (dataset, again):
            try:
                one[3]
            except RuntimeError as error:
                assert "samples.db was written" in str(error), error
            else:
                raise AssertionError("it was read")
        assert labels(DatabaseDataset(path)) == list(range(1, 21))

    situations = (no_wal, wal_that_was_closed, wal_with_an_empty_log, wal_with_a_log_and_its_index,
        wal_with_a_log, what_a_killed_writer_left, somebody_else_writes)
    root.chmod(0o755)
    failed = []
    for situation in situations:
        path = root / situation.__name__ / "samples.db"
        path.parent.mkdir()
        dataset = DatabaseDataset.create(path, [(None, n) for n in range(20)])
        labels(dataset, 2)  # loads what another user might not find
        child = os.fork()
        if child == 0:
            situation()
            sys.exit()
        if os.waitpid(child, 0)[1]:
            failed.append(situation.__name__)
        path.parent.chmod(0o755) if kind == "user" else None
    sys.exit(f"failed: {failed}" if failed else 0)
"""


@pytest.mark.slow
@pytest.mark.skipif(
    not hasattr(os, "getresuid"), reason="a place that can only be read is made otherwise here"
)
@pytest.mark.parametrize("kind", ["mount", "user"])
def test_a_place_that_can_only_be_read(kind):
    program = [sys.executable, "-c", textwrap.dedent(READ_ONLY)]
    command = ["unshare", "-rm", *program] if kind == "mount" else program
    with tempfile.TemporaryDirectory() as folder:  # unlike tmp_path, one that another user may enter
        try:
            done = subprocess.run([*command, folder, kind], capture_output=True, text=True, timeout=120)
        except FileNotFoundError:
            pytest.skip("this system has no unshare")
    if done.returncode == 77 or "unshare failed" in done.stderr:
        pytest.skip("this system lets nobody mount")
    assert done.returncode == 0, done.stderr


def test_create_is_all_or_nothing(tmp_path):
    def stops():
        yield 1, 2
        raise OSError("source broke")

    path = tmp_path / "new.db"
    with pytest.raises(OSError, match="source broke"):
        DatabaseDataset.create(path, stops())
    assert not path.exists()
    DatabaseDataset.create(path, [(1, 2)], "first")
    with pytest.raises(OSError, match="source broke"):
        DatabaseDataset.create(path, stops(), "second")
    with pytest.raises(ValueError, match=r"could not take the table 'first'.*already exists"):
        DatabaseDataset.create(path, [(3, 4)], "first")
    assert list(DatabaseDataset(path, "first")) == [(1, 2)]
    with pytest.raises(ValueError, match="no table 'second'"):
        DatabaseDataset(path, "second")


@pytest.mark.parametrize(
    ("sample", "error"),
    [((1,), ValueError), (5, ValueError), ((object(), 1), TypeError), ((2**64, 1), TypeError)],
)
def test_create_names_the_sample_that_does_not_fit(tmp_path, sample, error):
    with pytest.raises(error) as caught:
        DatabaseDataset.create(tmp_path / "bad.db", [(1, 2), sample])
    assert "ample 1" in str(caught.value) + "".join(getattr(caught.value, "__notes__", ()))


def test_an_empty_table(tmp_path):
    dataset = DatabaseDataset.create(tmp_path / "empty.db", [])
    assert len(dataset) == 0
    assert list(dataset) == list(DataLoader(dataset)) == []
    with pytest.raises(IndexError):
        dataset[0]


def test_trap_a_connection_per_item(dataset):
    """One connection per process, however many samples are read, and none before the first."""
    copy = pickle.loads(pickle.dumps(dataset))
    assert copy._table._connections == {}
    for index in range(20):
        copy[index]
    assert list(copy._table._connections) == [os.getpid()]
    first = copy._table._connections[os.getpid()].connection
    copy[0]
    assert copy._table._connections[os.getpid()].connection is first
    copy.close()
    assert copy._table._connections == {}
    assert copy[1][1] == 1


def test_a_forked_child_opens_its_own_connection(dataset):
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("this system cannot fork")
    dataset[0]
    context = multiprocessing.get_context("fork")
    receive, send = context.Pipe(duplex=False)

    def child():
        label = dataset[7][1]
        owners = list(dataset._table._connections)
        send.send((label, owners[-1] == os.getpid(), len(owners)))

    process = context.Process(target=child)
    process.start()
    assert receive.poll(60)
    assert receive.recv() == (7, True, 2)
    process.join()
    assert dataset[8][1] == 8


def test_threads_share_the_connection(dataset):
    barrier = threading.Barrier(8)

    def read(number):
        barrier.wait()
        return [dataset[index][1] for index in range(20)]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(read, range(8))) == [list(range(20))] * 8
    assert len(dataset._table._connections) == 1


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    path = tmp_path_factory.mktemp("many") / "many.db"
    DatabaseDataset.create(path, ((np.float32([n, -n]), n) for n in range(MANY * 2 + 1000)))
    execute(path, "DELETE FROM samples WHERE id * 7919 % 1009 % 2 = 0")
    with closing(sqlite3.connect(path)) as connection:
        surplus = connection.execute("SELECT count(*) FROM samples").fetchone()[0] - MANY
    execute(path, f"DELETE FROM samples WHERE id IN (SELECT id FROM samples LIMIT {surplus})")
    return path


def keep_writing(path, stop, written):
    with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as connection:
        while not stop.is_set():
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO samples (data, label) VALUES (NULL, ?)", [(-1,)] * 20)
            connection.execute("UPDATE samples SET label = label WHERE id < 2000")
            connection.execute("COMMIT")
            written.value += 20
            stop.wait(0.01)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:This DataLoader will create 4 worker processes")
@pytest.mark.parametrize("journal_mode", ["WAL", "DELETE"])
@pytest.mark.parametrize(
    ("loader_class", "method"),
    [
        *((DataLoader, method) for method in multiprocessing.get_all_start_methods()),
        (torch_data.DataLoader, multiprocessing.get_all_start_methods()[0]),
    ],
)
def test_100_000_rows_by_4_workers_while_another_process_writes(
    many, tmp_path, method, loader_class, journal_mode
):
    path = shutil.copy(many, tmp_path / "many.db")
    execute(path, f"PRAGMA journal_mode = {journal_mode}")
    dataset = DatabaseDataset(path, "samples")
    rows = len(dataset)
    assert rows == MANY
    assert dataset._rowids[-1] > 1.5 * rows  # gaps
    expected = [
        label for (label,) in DatabaseDataset(path, "samples", columns=("label",)).__getitems__(range(rows))
    ]
    dataset[0]  # an open connection in the parent must not reach the workers
    context = multiprocessing.get_context("spawn")
    stop, written = context.Event(), context.Value("q", 0)
    writer = context.Process(target=keep_writing, args=(str(path), stop, written))
    writer.start()
    try:
        while written.value == 0:
            assert writer.is_alive()
            time.sleep(0.01)
        loader = loader_class(
            dataset,
            batch_size=1000,
            num_workers=4,
            multiprocessing_context=method,
            collate_fn=default_collate,
        )
        labels, sums, progress = [], 0.0, []
        for data, batch_labels in loader:
            progress.append(written.value)
            assert torch.equal(data[:, 0].long(), batch_labels)
            labels += batch_labels.tolist()
            sums += float(data.sum())
    finally:
        stop.set()
        writer.join()
    assert writer.exitcode == 0
    assert progress[-1] > progress[0] > 0, "it wrote while rows were read"
    assert labels == expected
    assert sums == 0
    assert len(DatabaseDataset(path, "samples")) == rows + written.value
