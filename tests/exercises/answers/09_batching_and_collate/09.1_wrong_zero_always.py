"""Fills up with zeros and forgets padding_value.

Rejected by: the padding value is yours to choose
Saying: Behind the end of a sequence stands padding_value
"""


def pad(sequences, padding_value=0):
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    longest = int(lengths.max())
    padded = sequences[0].new_full((len(sequences), longest, *sequences[0].shape[1:]), 0)
    for row, sequence in zip(padded, sequences):
        row[: len(sequence)] = sequence
    masks = torch.arange(longest) < lengths[:, None]
    return {"sequences": padded, "attention_masks": masks, "lengths": lengths}
