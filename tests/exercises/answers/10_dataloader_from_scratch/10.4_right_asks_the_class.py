"""Asks the class for the method, and lets a generator turn StopIteration into RuntimeError."""


def read(dataset, indices):
    if hasattr(type(dataset), "__getitems__"):
        yield dataset.__getitems__(list(indices))
    else:
        yield [dataset[index] for index in indices]


def fetch(dataset, indices):
    # In a function with yield, Python itself makes a RuntimeError of a StopIteration.
    samples = next(read(dataset, indices))
    if len(samples) != len(indices):
        raise ValueError(f"asked for {len(indices)}, got {len(samples)}")
    return samples
