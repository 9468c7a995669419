"""Writes both ways out, one after the other."""


def fetch(dataset, indices):
    try:
        if hasattr(dataset, "__getitems__"):
            samples = list(dataset.__getitems__(indices))
            if len(samples) == len(indices):
                return samples
            raise ValueError(f"{len(samples)} samples for {len(indices)} indices")
        samples = []
        for index in indices:
            samples.append(dataset[index])
        return samples
    except StopIteration:
        raise RuntimeError("a dataset must not raise StopIteration") from None
