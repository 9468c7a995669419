"""Leaves out sequences without values.

Rejected by: sequences of length 0
Saying: a row of padding
"""


def pad(sequences, padding_value=0):
    sequences = [sequence for sequence in sequences if len(sequence)] or sequences[:1]
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    longest = int(lengths.max())
    padded = sequences[0].new_full((len(sequences), longest, *sequences[0].shape[1:]), padding_value)
    for row, sequence in zip(padded, sequences):
        row[: len(sequence)] = sequence
    masks = torch.arange(longest) < lengths[:, None]
    return {"sequences": padded, "attention_masks": masks, "lengths": lengths}
