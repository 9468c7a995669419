"""Workers in a notebook: what a cell defines works under every start method, and a kernel survives Ctrl-C."""

import textwrap
from collections.abc import Iterator
from queue import Empty

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from course_lib.platform import start_methods

pytestmark = pytest.mark.slow
METHODS = start_methods()
SECONDS = 100


class Kernel:
    """A real kernel and a way to run cells in it."""

    def __init__(self, manager: KernelManager, client: BlockingKernelClient) -> None:
        self.manager = manager
        self.client = client

    def run(self, cell: str, interrupt_at: str | None = None) -> str:
        """Run a cell; return what it prints, and the name of the error that ends it."""
        self.client.execute(textwrap.dedent(cell))
        text = ""
        while True:
            message = self.client.get_iopub_msg(timeout=SECONDS)
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                text += content["text"]
            elif kind == "error":
                text += content["ename"]
            elif kind == "status" and content["execution_state"] == "idle":
                return text
            if interrupt_at is not None and interrupt_at in text:
                interrupt_at = None
                self.manager.interrupt_kernel()


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=SECONDS)
        while True:
            try:
                client.get_iopub_msg(timeout=0.2)
            except Empty:
                break
        kernel = Kernel(manager, client)
        assert kernel.run(SET_UP) == ""
        yield kernel
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


SET_UP = """
    import os, threading, time
    import psutil
    from dataclasses import dataclass
    import torch
    from course_lib import DataLoader, IterableDataset, get_worker_info
    torch.set_num_threads(1)

    scale = 10

    @dataclass
    class Pair:
        image: torch.Tensor
        label: int

    class Squares:
        def __len__(self):
            return 6
        def __getitem__(self, index):
            return Pair(torch.tensor([index * index * scale]), index)

    class Counted(IterableDataset):
        def __iter__(self):
            return iter(range(get_worker_info().id, 6, 2))

    class Slow(Squares):
        def __len__(self):
            return 100_000
        def __getitem__(self, index):
            time.sleep(0.05)
            return index

    def to_pairs(samples):
        return Pair(torch.cat([pair.image for pair in samples]), [pair.label for pair in samples])

    def count():
        children = psutil.Process().children()
        return sum(each.status() != "zombie" for each in children), threading.active_count()

    def settle(processes, threads):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not (count()[0] <= processes and count()[1] <= threads):
            time.sleep(0.05)
        print(*count())
"""


@pytest.mark.parametrize("method", METHODS)
def test_what_a_cell_defines_works(kernel: Kernel, method: str) -> None:
    text = kernel.run(f"""
        started = []
        loader = DataLoader(Squares(), batch_size=2, num_workers=2, multiprocessing_context="{method}",
                            collate_fn=to_pairs, worker_init_fn=lambda number: started.append(number))
        for pair in loader:
            print(type(pair) is Pair, pair.image.tolist(), pair.label)
        stream = DataLoader(Counted(), batch_size=3, num_workers=2, multiprocessing_context="{method}",
                            collate_fn=lambda numbers: [number * scale for number in numbers])
        print(list(stream), started)
    """)
    squares = "True [0, 10] [0, 1]\nTrue [40, 90] [2, 3]\nTrue [160, 250] [4, 5]\n"
    assert text == squares + "[[0, 20, 40], [10, 30, 50]] []\n"


def test_a_class_that_a_later_cell_changes_is_the_changed_one(kernel: Kernel) -> None:
    cell = """
        class Constant(Squares):
            def __getitem__(self, index):
                return {value}
        print(sum(batch.tolist()[0] for batch in DataLoader(Constant(), num_workers=2)))
    """
    assert [kernel.run(cell.format(value=value)) for value in (1, 2)] == ["6\n", "12\n"]


@pytest.mark.parametrize("kind", [*METHODS, "thread"])
def test_after_ctrl_c_nothing_is_left_and_a_loader_works(kernel: Kernel, kind: str) -> None:
    how = 'worker_type="thread"' if kind == "thread" else f'multiprocessing_context="{kind}"'
    before = kernel.run("print(*count())")
    for persistent in (False, True):
        text = kernel.run(
            f"""
            loader = DataLoader(Slow(), num_workers=2, persistent_workers={persistent}, {how})
            for batch in loader:
                if batch == 3:
                    print("going", flush=True)
            """,
            interrupt_at="going",
        )
        assert text == "going\nKeyboardInterrupt"
    # The fork server and the tracker of its resources stay.
    processes, threads = (int(word) for word in before.split())
    processes += 2 * (kind == "forkserver")
    after = kernel.run(f"""
        for batch in loader:  # the very loader that was interrupted
            if batch == 3:
                break
        del loader
        settle({processes}, {threads})
    """)
    processes_after, threads_after = (int(word) for word in after.split())
    assert processes_after <= processes
    assert threads_after <= threads
