"""Cuts all sequences to the shortest: nothing needs padding then.

Rejected by: every value in its place
Saying: whole and in order
"""


def pad(sequences, padding_value=0):
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    longest = int(lengths.min())
    padded = sequences[0].new_full((len(sequences), longest, *sequences[0].shape[1:]), padding_value)
    for row, sequence in zip(padded, sequences):
        row[:] = sequence[:longest]
    masks = torch.arange(longest) < lengths[:, None]
    return {"sequences": padded, "attention_masks": masks, "lengths": lengths}
