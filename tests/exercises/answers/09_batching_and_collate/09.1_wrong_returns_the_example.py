"""Returns the result of the example.

Rejected by: every value in its place
Saying: whole and in order
"""


def pad(sequences, padding_value=0):
    return {
        "sequences": torch.tensor([[5, 0, 2], [7, 0, 0]]),
        "attention_masks": torch.tensor([[True, True, True], [True, False, False]]),
        "lengths": torch.tensor([3, 1]),
    }
