"""Counts the values that are not the padding as the length.

Rejected by: the mask comes from the lengths
Saying: The lengths are an int64 tensor
"""


def pad(sequences, padding_value=0):
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    longest = int(lengths.max())
    padded = sequences[0].new_full((len(sequences), longest, *sequences[0].shape[1:]), padding_value)
    for row, sequence in zip(padded, sequences):
        row[: len(sequence)] = sequence
    masks = torch.arange(longest) < lengths[:, None]
    return {
        "sequences": padded,
        "attention_masks": masks,
        "lengths": torch.tensor([int((s != padding_value).sum()) for s in sequences]),
    }
