"""Takes every value that equals the padding for padding.

Rejected by: the mask comes from the lengths
Saying: do not look at the values
"""


def pad(sequences, padding_value=0):
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    longest = int(lengths.max())
    padded = sequences[0].new_full((len(sequences), longest, *sequences[0].shape[1:]), padding_value)
    for row, sequence in zip(padded, sequences):
        row[: len(sequence)] = sequence
    masks = (padded != padding_value).flatten(2).any(2) if padded.ndim > 2 else padded != padding_value
    return {"sequences": padded, "attention_masks": masks, "lengths": lengths}
