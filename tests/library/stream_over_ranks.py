"""A program for `torchrun`: every rank reads its part of a stream through loaders with two workers each.

    torchrun --nproc-per-node=2 stream_over_ranks.py TASK FOLDER

Each rank writes what it has seen into FOLDER, for the test to compare.
"""

import json
import sys
from functools import partial
from itertools import count, islice
from pathlib import Path

import numpy as np
import torch
import torch.utils.data as torch_data
from torch import distributed

from course_lib import DataLoader, StreamingDataset

SIZE = 203  # no multiple of 2 ranks x 2 workers
STOP = 5  # batches before the program ends in the middle of an epoch
LOADERS = {"ours": DataLoader, "torch": torch_data.DataLoader}


def make_loader(loader_class):
    """Return a loader whose workers share the stream with those of the other rank."""
    dataset = StreamingDataset(partial(range, SIZE), 30, True, torch.Generator().manual_seed(1))
    return loader_class(dataset, 8, num_workers=2, generator=torch.Generator().manual_seed(2))


def read_pass(loader):
    return [batch.tolist() for batch in loader]


def two_epochs(folder):
    """Read two whole epochs with either loader."""
    return {
        name: [read_pass(loader), read_pass(loader)]
        for name, loader in ((name, make_loader(loader_class)) for name, loader_class in LOADERS.items())
    }


def big_elements():
    """Yield a number, a quarter of a megabyte and the peak memory of this process in bytes, for ever."""
    import resource  # which not every system has

    for number in count():
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        yield number, np.full(65_536, number, np.float32), peak


def endless(folder):
    """Read 400 elements of a stream without an end."""
    seen = {}
    for name, loader_class in LOADERS.items():
        loader = loader_class(StreamingDataset(big_elements, 20, True), None, num_workers=2)
        samples = [(int(number), int(peak)) for number, _, peak in islice(loader, 400)]
        seen[name] = {
            "numbers": [number for number, _ in samples],
            "growth": max(peak for _, peak in samples) - max(peak for _, peak in samples[:60]),
        }
    return seen


def stop_in_the_middle(folder):
    """Save the state of the loader in the middle of the first epoch, and end."""
    loader = make_loader(DataLoader)
    batches = [batch.tolist() for batch in islice(loader, STOP)]
    torch.save(loader.state_dict(), folder / f"state.{distributed.get_rank()}")
    return batches


def go_on(folder):
    """Finish the first epoch from the saved state, and read the second."""
    loader = make_loader(DataLoader)
    loader.load_state_dict(torch.load(folder / f"state.{distributed.get_rank()}"))
    return [read_pass(loader), read_pass(loader)]


TASKS = {task.__name__: task for task in (two_epochs, endless, stop_in_the_middle, go_on)}


def main():
    tasks, folder = sys.argv[1].split(","), Path(sys.argv[2])
    distributed.init_process_group("gloo")
    for task in tasks:
        result = TASKS[task](folder)
        path = folder / f"{task}.{distributed.get_rank()}.json"
        path.write_text(json.dumps(result))
        distributed.barrier()
    distributed.destroy_process_group()


if __name__ == "__main__":
    main()
