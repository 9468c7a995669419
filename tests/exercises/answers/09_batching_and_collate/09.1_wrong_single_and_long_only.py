"""Keeps integers and makes float32 of all that is none.

Rejected by: dtype and trailing sizes are kept
Saying: the dtype of the sequences
"""


def pad(sequences, padding_value=0):
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    longest = int(lengths.max())
    padded = sequences[0].new_full((len(sequences), longest, *sequences[0].shape[1:]), padding_value)
    padded = padded.float() if padded.is_floating_point() else padded.long()
    for row, sequence in zip(padded, sequences):
        row[: len(sequence)] = sequence
    masks = torch.arange(longest) < lengths[:, None]
    return {"sequences": padded, "attention_masks": masks, "lengths": lengths}
