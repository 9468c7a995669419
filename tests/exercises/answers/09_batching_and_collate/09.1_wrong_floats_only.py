"""Makes a float32 table, whatever the sequences hold.

Rejected by: every value in its place
Saying: a float32 tensor
"""


def pad(sequences, padding_value=0):
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    longest = int(lengths.max())
    padded = torch.full((len(sequences), longest, *sequences[0].shape[1:]), float(padding_value))
    for row, sequence in zip(padded, sequences):
        row[: len(sequence)] = sequence
    masks = torch.arange(longest) < lengths[:, None]
    return {"sequences": padded, "attention_masks": masks, "lengths": lengths}
