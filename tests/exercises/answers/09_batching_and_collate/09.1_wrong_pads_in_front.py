"""Puts the padding in front.

Rejected by: every value in its place
Saying: On which side does the padding stand
"""


def pad(sequences, padding_value=0):
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    longest = int(lengths.max())
    padded = sequences[0].new_full((len(sequences), longest, *sequences[0].shape[1:]), padding_value)
    for row, sequence in zip(padded, sequences):
        row[longest - len(sequence) :] = sequence
    masks = torch.arange(longest) < lengths[:, None]
    return {"sequences": padded, "attention_masks": masks, "lengths": lengths}
