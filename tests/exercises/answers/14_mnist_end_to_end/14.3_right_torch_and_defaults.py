"""Uses torch's loader and keeps what differs in a table of arguments."""

from torch.utils.data import DataLoader as TorchLoader


def make_loaders(parts, batch_size, generator):
    if "train" in parts and len(parts["train"]) < batch_size:
        raise ValueError(f"{len(parts['train'])} training samples do not fill a batch of {batch_size}")
    special = {"train": {"shuffle": True, "drop_last": True, "generator": generator}}
    return {
        name: TorchLoader(part, batch_size=batch_size, **special.get(name, {}))
        for name, part in parts.items()
    }
