# /// attack
# title = "mutation of the judge's inputs"
# earned = [0, 1, 0, 2]
# exercise = "98"
# ///
# %% 98.1
import torch


def load(dataset, batch_size):
    for change in (
        lambda: setattr(dataset, "length", 0),
        lambda: setattr(dataset, "reads", list(range(8))),
        lambda: dataset.reads.extend(range(8)),
        lambda: dataset.reads.clear(),
        lambda: object.__setattr__(dataset, "length", 0),
    ):
        try:
            change()
        except Exception:
            pass
    return [torch.arange(float(len(dataset)))]  # right numbers, no read


# %% 98.3
def shares(values):
    values.fill_(0.25)  # then all of it would be right, if this were the judge's own tensor
    return values
