"""The monitor sees memory come and go, and tells when it was too much (lesson 16)."""

import gc
import pickle
import threading
import time
import weakref

import pytest
import torch
from alone import run_alone

from course_lib import DataLoader, MemoryMonitor, measure_memory
from course_lib.measure.memory_monitor import MemoryEvent, MemorySample
from course_lib.memory import MemoryUse, ProcessMemory
from course_lib.plots.memory import plot_memory

MEBIBYTE = 2**20


def sample(seconds, epoch, mebibytes, workers=(), gpu=None):
    main = ProcessMemory(1, mebibytes * MEBIBYTE, None)
    others = tuple(ProcessMemory(2, size * MEBIBYTE, None) for size in workers)
    on_gpu = None if gpu is None else gpu * MEBIBYTE
    return MemorySample(seconds, epoch, MemoryUse(main, others, on_gpu))


def recorded(*samples):
    monitor = MemoryMonitor(interval=None)
    monitor.history.extend(samples)
    return monitor


def block(mebibytes):
    return bytearray(b"x" * (mebibytes * MEBIBYTE))


def measure_around_a_block():
    monitor = MemoryMonitor(interval=None)
    before = monitor.measure()
    data = block(60)
    after = monitor.measure()
    del data
    return monitor, before, after


def test_by_hand():
    monitor, before, after = run_alone(measure_around_a_block)
    assert after.use.used - before.use.used > 50 * MEBIBYTE
    assert monitor.peak == max(before.use.used, after.use.used)
    assert monitor.history == [before, after]
    assert 0 <= before.seconds <= after.seconds


def test_in_the_background_it_sees_what_is_gone_at_the_end():
    with MemoryMonitor(interval=0.01) as monitor:
        data = block(300)  # far more than what this process gives back meanwhile
        seen = threading.Event()
        threading.Thread(target=lambda: wait_for_samples(monitor, 5, seen)).start()
        assert seen.wait(30)
        del data
    # Children that other tests have left may end meanwhile, so what is looked at is this process's share.
    own = [sample.use.main.rss for sample in monitor.history]
    assert max(own) - own[0] > 100 * MEBIBYTE
    assert monitor._thread is None
    count = len(monitor.history)
    assert count >= 5
    assert [s.seconds for s in monitor.history] == sorted(s.seconds for s in monitor.history)


def wait_for_samples(monitor, more, seen):
    goal = len(monitor.history) + more
    while len(monitor.history) < goal:
        time.sleep(0.001)  # a busy loop would keep the monitor from Python's lock
    seen.set()


def test_a_forgotten_monitor_ends_its_thread():
    monitor = MemoryMonitor(interval=0.01).__enter__()
    thread, alive = monitor._thread, weakref.ref(monitor)
    del monitor
    for _ in range(50):
        gc.collect()
        thread.join(0.1)
        if not thread.is_alive():
            break
    assert alive() is None
    assert not thread.is_alive()


def test_workers_are_seen():
    monitor = MemoryMonitor(interval=None)
    before = {worker.pid for worker in measure_memory().workers}
    for _ in DataLoader(torch.arange(8.0), batch_size=2, num_workers=2):
        monitor.measure()
    counts = [len({worker.pid for worker in s.use.workers} - before) for s in monitor.history]
    assert counts[0] >= 2


def test_growth_per_epoch():
    monitor = recorded(
        sample(0, 0, 100), sample(1, 0, 130), sample(2, 0, 120), sample(3, 1, 150, [30]), sample(4, 2, 170)
    )
    assert [peak // MEBIBYTE for peak in monitor.peak_per_epoch] == [130, 180, 170]
    assert [growth // MEBIBYTE for growth in monitor.growth_per_epoch] == [30, 50, -10]
    assert monitor.peak == 180 * MEBIBYTE


def test_end_epoch_separates_epochs():
    monitor = MemoryMonitor(interval=None)
    for _ in range(3):
        monitor.measure()
        monitor.end_epoch()
    assert [s.epoch for s in monitor.history] == [0, 0, 1, 1, 2, 2]
    assert len(monitor.growth_per_epoch) == 3


def pass_a_limit_twice():
    heard = []
    low = measure_memory().used
    monitor = MemoryMonitor(interval=None, limit=low + 40 * MEBIBYTE, on_limit=heard.append)
    for _ in range(2):
        monitor.measure()
        data = block(80)
        monitor.measure()
        monitor.measure()
        del data
    monitor.measure()
    return monitor, heard


def test_one_event_for_every_time_the_limit_is_passed():
    monitor, heard = run_alone(pass_a_limit_twice)
    assert len(monitor.events) == 2
    assert heard == monitor.events
    for event in heard:
        assert isinstance(event, MemoryEvent)
        assert event.used > event.limit == monitor.limit
    assert str(monitor).count("more than the limit") == 2


def test_without_a_limit_there_is_no_event():
    monitor = MemoryMonitor(interval=None)
    monitor.measure()
    assert monitor.events == []


@pytest.mark.parametrize("arguments", [{"interval": 0}, {"interval": -1.0}, {"limit": 0}])
def test_what_is_not_positive_is_refused(arguments):
    (name,) = arguments
    with pytest.raises(ValueError, match=f"{name} is .* must be above 0"):
        MemoryMonitor(**arguments)


def test_it_travels_with_what_it_has_seen():
    with MemoryMonitor(interval=0.05) as monitor:
        copy = pickle.loads(pickle.dumps(monitor))
    assert copy.history == monitor.history[: len(copy.history)]
    copy.measure()


def test_as_text_and_as_picture():
    assert "nothing measured yet" in str(MemoryMonitor())
    assert MemoryMonitor()._repr_png_() is None
    monitor = recorded(sample(0, 0, 100), sample(1, 0, 130, [20, 30]))
    assert "180 MiB" in str(monitor)
    assert "up to 2 child processes" in str(monitor)
    assert repr(monitor) == str(monitor)
    assert monitor._repr_png_().startswith(b"\x89PNG")


def test_the_plot_shows_the_numbers():
    history = [sample(0.0, 0, 100), sample(1.0, 0, 100, [50]), sample(2.0, 1, 120)]
    axes = plot_memory(history, limit=200 * MEBIBYTE).axes[0]
    total = axes.lines[0]
    assert total.get_xdata().tolist() == [0, 1, 2]
    assert total.get_ydata().tolist() == [100, 150, 120]
    assert [text.get_text().strip() for text in axes.texts] == ["end of epoch 0"]
    assert {text.get_text() for text in axes.get_legend().get_texts()} == {
        "this process",
        "its workers",
        "limit",
    }
    assert "RSS" in axes.get_title(loc="left")
    assert len(axes.lines) == 3, "the sum, the epoch, the limit"
    with pytest.raises(ValueError, match="history is empty"):
        plot_memory([])


# GPU memory


@pytest.fixture
def two_gpus(monkeypatch):
    """Two GPUs that hold as many bytes as the list says."""
    held = [0, 0]
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: held[device])
    return held


def test_gpu_memory_is_the_sum_of_all_gpus_and_apart_from_the_rest(two_gpus):
    monitor = MemoryMonitor(interval=None, limit=10**12)
    for two_gpus[:] in ([0, 0], [3 * 10**12, 2 * 10**12], [MEBIBYTE, 0]):
        monitor.measure()
    assert [one.use.gpu for one in monitor.history] == [0, 5 * 10**12, MEBIBYTE]
    assert monitor.gpu_peak == 5 * 10**12
    assert monitor.peak == max(one.use.used for one in monitor.history) < 10**12
    assert max(monitor.peak_per_epoch) == monitor.peak
    assert monitor.events == [], "the limit is one of main memory"
    (line,) = [line for line in str(monitor).splitlines() if "GPU" in line]
    assert line.split() == ["GPU", "1", "MiB", "peak", "4656.6", "GiB"]


def test_without_a_gpu_nothing_is_said_about_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: False)
    monitor = MemoryMonitor(interval=None)
    assert monitor.gpu_peak is None
    monitor.measure()
    assert monitor.history[0].use.gpu is None
    assert monitor.gpu_peak is None
    assert "GPU" not in str(monitor)


def test_the_plot_has_a_line_for_gpu_memory():
    history = [
        sample(0, 0, 100),
        sample(1, 0, 120, gpu=0),
        sample(2, 0, 120, gpu=250),
        sample(3, 0, 90, gpu=50),
    ]
    axes = plot_memory(history).axes[0]
    total, gpu = axes.lines
    assert total.get_ydata().tolist() == [100, 120, 120, 90]
    assert gpu.get_xdata().tolist() == [0, 1, 2, 3]
    assert gpu.get_ydata().tolist() == [0, 0, 250, 50], "who does not use the GPU holds nothing there"
    assert gpu.get_label() == "GPU memory"
    assert "GPU memory" in [text.get_text() for text in axes.get_legend().get_texts()]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device, and there is none")
def test_memory_of_a_real_gpu_comes_and_goes():
    monitor = MemoryMonitor(interval=None)
    torch.zeros(1, device="cuda")
    before = monitor.measure().use.gpu
    data = torch.zeros(200 * MEBIBYTE, dtype=torch.uint8, device="cuda")
    during = monitor.measure().use.gpu
    del data
    torch.cuda.empty_cache()
    after = monitor.measure().use.gpu
    assert during - before >= 200 * MEBIBYTE
    assert during - after >= 200 * MEBIBYTE
    assert monitor.gpu_peak == during
    assert "GPU" in str(monitor)
