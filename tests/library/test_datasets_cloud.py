"""Samples on a server that makes mistakes, and a cache that several processes share."""

import hashlib
import io
import json
import multiprocessing
import os
import pickle
import subprocess
import sys
import textwrap
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.utils.data as torch_data
from faulty_server import FaultyServer
from PIL import Image

from course_lib import CloudStorageDataset, DataLoader, RobustDataset
from course_lib.datasets.decoding import decode_by_ending
from course_lib.datasets.downloads import Downloads
from course_lib.datasets.file_cache import FileCache

START_METHODS = multiprocessing.get_all_start_methods()
either_loader = pytest.mark.parametrize(
    "loader_class", [DataLoader, torch_data.DataLoader], ids=["ours", "torch's"]
)


def array_bytes(value, length=50):
    content = io.BytesIO()
    np.save(content, np.full(length, float(value)))
    return content.getvalue()


@pytest.fixture
def server():
    server = FaultyServer()
    server.contents = {f"/{n}.npy": array_bytes(n) for n in range(24)}
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def urls(server):
    return [server.url(f"/{n}.npy") for n in range(24)]


def make(urls, folder, **options):
    return CloudStorageDataset(urls, folder, **{"backoff": 0.01, "timeout": 5, **options})


def checksums(server):
    return [f"sha256:{hashlib.sha256(content).hexdigest()}" for content in server.contents.values()]


def values(samples):
    return [int(sample[0]) for sample in samples]


def cached_bytes(folder):
    total = 0
    for name in os.listdir(folder):
        if name.endswith((".cached", ".unfinished")):
            try:
                total += os.path.getsize(folder / name)
            except FileNotFoundError:
                continue
    return total


@either_loader
@pytest.mark.parametrize(
    ("workers", "method"),
    [
        (0, None),
        (2, START_METHODS[0]),
        *(pytest.param(2, method, marks=pytest.mark.slow) for method in START_METHODS[1:]),
    ],
)
def test_every_sample_arrives_and_a_second_epoch_makes_no_request(
    loader_class, workers, method, server, urls, tmp_path
):
    dataset = make(urls, tmp_path / "cache")
    for _ in range(2):
        loader = loader_class(dataset, batch_size=5, num_workers=workers, multiprocessing_context=method)
        assert values(torch.cat(list(loader))) == list(range(24))
        assert server.requests == dict.fromkeys(server.contents, 1)


@pytest.mark.parametrize("fault", ["500", "429", "reset", "truncated"])
def test_faults_that_pass_are_tried_again(fault, server, urls, tmp_path):
    for path in list(server.contents)[::3]:
        server.faults[path] = [fault] * 2
    dataset = make(urls, tmp_path, max_retries=2)
    assert values(dataset.__getitems__(range(24))) == list(range(24))
    assert server.requests["/0.npy"] == 3
    assert server.requests["/1.npy"] == 1


def test_each_retry_waits_twice_as_long_as_the_one_before(server, urls, tmp_path, monkeypatch):
    waited = []
    monkeypatch.setattr("course_lib.datasets.downloads.time", SimpleNamespace(sleep=waited.append))
    server.faults["/0.npy"] = ["500"] * 3
    assert values([make(urls, tmp_path, backoff=0.5)[0]]) == [0]
    assert waited == [0.5, 1.0, 2.0]


def test_a_slow_answer_is_tried_again(server, urls, tmp_path):
    server.faults["/3.npy"] = ["slow"]
    assert values([make(urls, tmp_path, timeout=0.5)[3]]) == [3]
    server.faults["/4.npy"] = ["slow"] * 2
    with pytest.raises(TimeoutError, match=r"/4\.npy could not be downloaded in 2 tries"):
        make(urls, tmp_path, timeout=0.5, max_retries=1)[4]


def test_a_wrong_content_is_tried_again_and_never_kept(server, urls, tmp_path):
    server.faults["/0.npy"] = ["wrong"]
    server.faults["/1.npy"] = ["wrong"] * 4
    dataset = make(urls, tmp_path, checksums=checksums(server))
    assert values([dataset[0]]) == [0]
    with pytest.raises(ValueError, match=r"/1\.npy came with another content than announced, in 4 tries"):
        dataset[1]
    assert len(list(tmp_path.glob("*.cached"))) == 1
    assert values([dataset[1]]) == [1]


def test_a_damaged_file_in_the_cache_is_downloaded_again(server, urls, tmp_path):
    dataset = make(urls, tmp_path, checksums=checksums(server))
    dataset[0]
    (path,) = tmp_path.glob("*.cached")
    path.write_bytes(path.read_bytes()[:-8])
    assert values([dataset[0]]) == [0]
    assert server.requests["/0.npy"] == 2


@pytest.mark.parametrize(
    ("path", "fault", "error", "words"),
    [
        ("/missing.npy", "", FileNotFoundError, "does not exist"),
        ("/0.npy", "403", PermissionError, "may not be read"),
        ("/0.npy", "410", ConnectionError, "could not be downloaded in 1 tries.*410"),
    ],
)
def test_what_will_not_pass_is_not_tried_again(path, fault, error, words, server, tmp_path):
    server.faults[path] = [fault] if fault else []
    secret = "hush" * 2  # nowhere in these lines, which a traceback quotes
    with pytest.raises(error, match=words) as caught:
        make([server.url(path) + "?token=" + secret], tmp_path)[0]
    assert path in str(caught.value)
    assert secret not in "".join(traceback.format_exception(caught.value))
    assert server.requests[path] == 1


def test_trap_a_failed_download_then_fails_on_open(server, urls, tmp_path):
    """The error tells of the download, not of a file that is missing in the cache, and nothing is kept."""
    server.faults["/0.npy"] = ["500"] * 4
    with pytest.raises(ConnectionError, match=r"/0\.npy could not be downloaded in 4 tries.*500") as caught:
        make(urls, tmp_path)[0]
    assert str(tmp_path) not in str(caught.value)
    assert cached_bytes(tmp_path) == 0


@pytest.mark.parametrize("workers", [0, 2])
def test_every_sample_arrives_or_is_reported(workers, server, urls, tmp_path):
    del server.contents["/7.npy"]
    server.faults["/9.npy"] = ["500"] * 100
    server.faults["/11.npy"] = ["reset"]
    dataset = RobustDataset(make(urls, tmp_path, max_retries=1), max_retries=0)
    loader = DataLoader(dataset, batch_size=6, num_workers=workers)
    assert values(torch.cat(list(loader))) == [n for n in range(24) if n not in (7, 9)]
    report = dataset.report()
    assert [one.index for one in report.failures] == [7, 9]
    assert report.failures[0].reason.startswith("FileNotFoundError")
    assert "500" in report.failures[1].reason


def test_a_batch_is_downloaded_in_parallel(server, urls, tmp_path):
    server.delay = 0.1
    make(urls, tmp_path, parallel=4).__getitems__(range(24))
    assert 2 <= server.most_at_once <= 4


def test_an_index_that_comes_twice_is_downloaded_once(server, urls, tmp_path):
    first, second, third = make(urls, tmp_path).__getitems__([2, 2, -22])
    first.zero_()
    assert values([first, second, third]) == [0, 2, 2]
    assert server.requests == {"/2.npy": 1}


def test_trap_background_and_foreground_race_on_one_file(server, urls, tmp_path):
    server.delay = 0.1
    dataset = make(urls, tmp_path)
    dataset.prefetch(range(24))
    with ThreadPoolExecutor(3) as pool:
        for batch in pool.map(dataset.__getitems__, [range(24)] * 3):
            assert values(batch) == list(range(24))
    assert server.requests == dict.fromkeys(server.contents, 1)


def test_trap_a_failed_download_kills_the_thread_unseen(server, urls, tmp_path):
    server.faults["/0.npy"] = ["500"] * 2
    server.faults["/1.npy"] = ["500"]
    dataset = make(urls, tmp_path, max_retries=0, parallel=1)
    dataset.prefetch([0, 1, 2])
    assert values([dataset[2]]) == [2]  # the only thread has gone on
    with pytest.raises(ConnectionError, match=r"/0\.npy.*500"):
        dataset[0]
    assert values([dataset[1]]) == [1]


@pytest.mark.slow
def test_trap_the_thread_never_ends(server, urls, tmp_path):
    """A program that has told a dataset to prefetch ends, and does not wait for a slow server."""
    server.delay = 100
    program = f"""
        from course_lib import CloudStorageDataset
        dataset = CloudStorageDataset({urls!r}, {str(tmp_path)!r})
        dataset.prefetch(range(24))
        print("end")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "end\n", "")


def test_a_background_thread_reads_no_tensors(server, urls, tmp_path):
    """Reading a packed URL is an operation of torch: one that meets the interpreter's end aborts it."""

    class Watched(list):
        def __getitem__(self, position):
            readers.add(threading.current_thread())
            return super().__getitem__(position)

    readers = set()
    dataset = make(urls, tmp_path)
    dataset.urls, dataset.checksums = Watched(urls), Watched(checksums(server))
    dataset.prefetch(range(12))
    assert values(dataset.__getitems__(range(24))) == list(range(24))
    assert readers == {threading.main_thread()}


def test_threads_end_when_nothing_is_left_to_do():
    downloads = Downloads(2)
    futures = [downloads.start(key, lambda: b"x") for key in range(20)]
    assert [future.result() for future in futures] == [b"x"] * 20
    while downloads._threads:
        time.sleep(0.001)
    assert downloads._running == {}
    failing = downloads.start(0, lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        failing.result()


class Bomb:
    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return os.mkdir, (str(self.trace),)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize("ending", [".pkl", ".pt", ".npy", ".pth", ".png"])
def test_trap_unpickles_what_it_downloaded(ending, server, tmp_path):
    trace = tmp_path / "executed"
    content = io.BytesIO()
    if ending == ".pt":
        torch.save(Bomb(trace), content)
    elif ending == ".npy":
        np.save(content, np.array([Bomb(trace)], dtype=object), allow_pickle=True)
    else:
        pickle.dump(Bomb(trace), content)
    server.contents[f"/bomb{ending}"] = content.getvalue()
    with pytest.raises((ValueError, OSError, pickle.UnpicklingError)) as caught:
        make([server.url(f"/bomb{ending}")], tmp_path / "cache")[0]
    assert f"/bomb{ending}" in caught.value.__notes__[0]
    assert not trace.exists()


def test_contents_are_decoded_by_their_ending():
    image, weights = io.BytesIO(), io.BytesIO()
    Image.new("L", (3, 2), 9).save(image, "png")
    torch.save({"w": torch.ones(2)}, weights)
    assert decode_by_ending(image.getvalue(), "s3://a/b.PNG").getpixel((0, 0)) == (9, 9, 9)
    assert decode_by_ending(weights.getvalue(), "http://a/b.pt?x=1.npy")["w"].tolist() == [1, 1]
    assert decode_by_ending(array_bytes(2, 1), "/a/b.npy").tolist() == [2]
    assert decode_by_ending(b'{"a": 1}', "b.json") == {"a": 1}
    assert decode_by_ending("ü".encode(), "b.txt") == "ü"
    assert decode_by_ending(b"\x80", "b") == b"\x80"


def test_decode_may_be_ones_own(server, urls, tmp_path):
    assert make(urls, tmp_path, decode=len)[0] == len(server.contents["/0.npy"])


@pytest.mark.parametrize("prefix", ["", "file://"])
def test_local_files(prefix, tmp_path):
    (tmp_path / "a.json").write_text(json.dumps([1]))
    dataset = make([f"{prefix}{tmp_path}/a.json", f"{prefix}{tmp_path}/b.json"], tmp_path / "cache")
    assert dataset[0] == [1]
    with pytest.raises(FileNotFoundError, match=r"b\.json does not exist"):
        dataset[1]
    (tmp_path / "a.json").unlink()
    assert dataset[0] == [1]


def test_relative_paths_are_those_of_the_folder_in_which_the_dataset_was_made(tmp_path, monkeypatch):
    datasets = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(name)
        monkeypatch.chdir(tmp_path / name)
        datasets.append(make(["a.txt"], tmp_path / "cache"))
    assert [dataset[0] for dataset in datasets] == ["one", "two"]


def test_trap_evicts_the_item_just_fetched(server, urls, tmp_path):
    size = len(server.contents["/0.npy"])
    dataset = make(urls, tmp_path, cache_size_gb=2.5 * size / 1e9)
    for index in (0, 1, 0, 2, 0):  # 1 was not read for longest when 2 comes
        dataset[index]
        before = server.requests.total()
        dataset[index]
        assert server.requests.total() == before
        time.sleep(0.02)  # clocks of files tick slowly
    assert server.requests == {"/0.npy": 1, "/1.npy": 1, "/2.npy": 1}
    dataset[1]
    assert server.requests["/1.npy"] == 2


def test_a_content_larger_than_the_cache_is_not_kept(server, urls, tmp_path):
    dataset = make(urls, tmp_path, cache_size_gb=100 / 1e9)
    assert values(dataset.__getitems__([0, 1])) == [0, 1]
    assert cached_bytes(tmp_path) == 0


def test_a_cache_that_became_smaller_is_emptied_to_its_limit(server, urls, tmp_path):
    make(urls, tmp_path).__getitems__(range(24))
    (tmp_path / "thesis.txt").write_text("not ours")
    limit = 5 * len(server.contents["/0.npy"])
    make(urls, tmp_path, cache_size_gb=limit / 1e9)
    assert 0 < cached_bytes(tmp_path) <= limit
    assert (tmp_path / "thesis.txt").exists()


def test_files_that_vanish_from_the_cache(server, urls, tmp_path):
    dataset = make(urls, tmp_path)
    dataset.__getitems__([0, 1])
    for path in tmp_path.iterdir():
        path.unlink()
    assert values(dataset.__getitems__([0, 1])) == [0, 1]
    tmp_path.rename(tmp_path.with_name("elsewhere"))
    with pytest.warns(UserWarning, match="cannot be written"):
        assert values(dataset.__getitems__([0, 1])) == [0, 1]
    tmp_path.mkdir()
    assert values(dataset.__getitems__([0, 1])) == [0, 1]
    assert cached_bytes(tmp_path) > 0


def content_of(key, size):
    return hashlib.sha256(key.encode()).digest() * (size // 32)


def write_for_ever(folder, limit, size, seed):
    cache = FileCache(folder, limit)
    generator = torch.Generator().manual_seed(seed)
    while True:
        key = str(int(torch.randint(60, (), generator=generator)))
        kept = cache.read(key)
        assert kept is None or kept == content_of(key, size)
        cache.write(key, content_of(key, size))


def test_four_processes_hold_the_limit_and_kill_9_leaves_a_usable_cache(tmp_path):
    size, limit = 400_000, 4_200_000
    context = multiprocessing.get_context(START_METHODS[0])
    largest = 0
    for round_ in range(4):
        processes = [
            context.Process(target=write_for_ever, args=(tmp_path, limit, size, 10 * round_ + n))
            for n in range(4)
        ]
        for process in processes:
            process.start()
        begin = time.monotonic()
        while (waited := time.monotonic() - begin) < 0.4 or (largest <= limit / 2 and waited < 60):
            largest = max(largest, cached_bytes(tmp_path))
        assert all(process.is_alive() for process in processes)
        for process in processes:
            process.kill()
            process.join()
        largest = max(largest, cached_bytes(tmp_path))
        cache = FileCache(tmp_path, limit)
        kept = [key for key in map(str, range(60)) if cache.holds(key)]
        assert all(cache.read(key) == content_of(key, size) for key in kept)
        assert cache.write("new", content_of("new", size))
        assert cache.read("new") == content_of("new", size)
    assert limit / 2 < largest <= limit


def test_an_unfinished_file_of_a_killed_process_is_no_content_and_no_burden(tmp_path):
    cache = FileCache(tmp_path, 1000)
    cache.write("a", bytes(400))
    (tmp_path / ".unfinished").write_bytes(bytes(500))
    (tmp_path / ".booked").write_bytes(b"")
    assert cache.write("b", bytes(450))
    assert cached_bytes(tmp_path) == 850
    assert FileCache(tmp_path, 1000).read("b") == bytes(450)


OUT_OF_SPACE = """
    import subprocess, sys, warnings
    from pathlib import Path
    from course_lib import CloudStorageDataset

    source, cache = Path(sys.argv[1]), sys.argv[2]
    urls = sorted(str(path) for path in source.iterdir())
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "none", cache]
    if subprocess.run(mount).returncode:
        sys.exit(77)
    for options in ("", "remount,ro"):
        if options and subprocess.run(["mount", "-o", options, cache]).returncode:
            sys.exit(77)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            dataset = CloudStorageDataset(urls, cache)
            for _ in range(2):
                contents = dataset.__getitems__(range(len(urls)))
                assert contents == [Path(url).read_bytes() for url in urls]
            dataset.prefetch(range(len(urls)))
        assert [str(one.message).partition(":")[0] for one in caught] == [
            f"The cache in {cache} cannot be written"
        ], [str(one.message) for one in caught]
        assert len(list(Path(cache).glob("*.cached"))) >= 1
        assert not (Path(cache) / ".unfinished").exists()
"""


@pytest.mark.slow
def test_a_full_disk_and_a_read_only_folder_lose_nothing(tmp_path):
    (tmp_path / "source").mkdir()
    (tmp_path / "cache").mkdir()
    for n in range(6):
        (tmp_path / "source" / f"{n}.bin").write_bytes(bytes([n]) * 100_000)
    program = [sys.executable, "-c", textwrap.dedent(OUT_OF_SPACE)]
    folders = [str(tmp_path / "source"), str(tmp_path / "cache")]
    try:
        done = subprocess.run(
            ["unshare", "-rm", *program, *folders], capture_output=True, text=True, timeout=120
        )
    except FileNotFoundError:
        pytest.skip("this system has no unshare")
    if done.returncode == 77 or "unshare failed" in done.stderr:
        pytest.skip("this system lets nobody mount a small tmpfs")
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_store_that_speaks_s3(tmp_path):
    moto_server = pytest.importorskip("moto.server")
    s3fs = pytest.importorskip("s3fs")
    server = moto_server.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        options = {"key": "test", "secret": "test", "endpoint_url": f"http://{host}:{port}"}
        store = s3fs.S3FileSystem(**options)
        store.mkdir("samples")
        store.pipe({f"samples/{n}.npy": array_bytes(n) for n in range(8)})
        urls = [f"s3://samples/{n}.npy" for n in range(8)]
        dataset = make([*urls, "s3://samples/none.npy"], tmp_path, storage_options=options, max_retries=1)
        loader = DataLoader(dataset, batch_size=3, num_workers=2, sampler=range(8))
        assert values(torch.cat(list(loader))) == list(range(8))
        with pytest.raises(FileNotFoundError, match=r"s3://samples/none\.npy does not exist"):
            dataset[8]
    finally:
        server.stop()
    assert values(dataset.__getitems__(range(8))) == list(range(8))  # no request: nobody would answer


def test_stores_behind_the_same_names_are_not_mixed_up(tmp_path):
    first = make(["s3://b/k"], tmp_path, storage_options={"endpoint_url": "http://one"})
    second = make(["s3://b/k"], tmp_path, storage_options={"client_kwargs": {"endpoint_url": "http://two"}})
    assert len({first._key(0), second._key(0), make(["s3://b/k"], tmp_path)._key(0)}) == 3


def test_trap_it_cannot_be_pickled(server, urls, tmp_path):
    server.delay = 0.05
    dataset = make(urls, tmp_path)
    dataset.prefetch(range(24))
    twin = pickle.loads(pickle.dumps(dataset))
    assert values(twin.__getitems__(range(24))) == list(range(24))


def test_a_child_forked_while_downloads_run_has_its_own(server, urls, tmp_path):
    if "fork" not in START_METHODS:
        pytest.skip("this system cannot fork")
    server.delay = 0.2
    dataset = make(urls, tmp_path)
    dataset.prefetch(range(12))
    loader = DataLoader(dataset, batch_size=6, num_workers=2, multiprocessing_context="fork")
    assert values(torch.cat(list(loader))) == list(range(24))


def test_bounds(urls, tmp_path):
    dataset = make(urls, tmp_path)
    assert len(dataset) == 24
    with pytest.raises(IndexError, match="24"):
        dataset[24]


@pytest.mark.parametrize(
    ("urls", "options", "error", "words"),
    [
        ("http://a", {}, TypeError, "one str"),
        ([], {}, ValueError, "holds no URL"),
        ([5], {}, TypeError, "5 at position 0"),
        (["nobody://a/b"], {}, ValueError, "nobody"),
        (["a"], {"cache_size_gb": 0}, ValueError, "cache_size_gb got 0"),
        (["a"], {"cache_size_gb": "10"}, ValueError, "cache_size_gb got '10'"),
        (["a"], {"max_retries": -1}, ValueError, "max_retries got -1"),
        (["a"], {"max_retries": 0.5}, ValueError, "max_retries got 0.5"),
        (["a"], {"timeout": 0}, ValueError, "timeout got 0"),
        (["a"], {"backoff": float("nan")}, ValueError, "backoff got nan"),
        (["a"], {"parallel": 0}, ValueError, "parallel got 0"),
        (["a"], {"decode": "npy"}, TypeError, "decode got 'npy'"),
        (["a"], {"checksums": []}, ValueError, "1 URLs and 0 checksums"),
        (["a"], {"checksums": ["sha3:zz"]}, ValueError, "checksums holds 'sha3:zz'"),
    ],
)
def test_bad_arguments(urls, options, error, words, tmp_path):
    with pytest.raises(error, match=words):
        CloudStorageDataset(urls, tmp_path, **options)
