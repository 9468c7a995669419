"""Lays all values end to end and writes them into the places of the mask at once."""


def pad(sequences, padding_value=0):
    lengths = torch.tensor(list(map(len, sequences)))
    masks = torch.arange(max(map(len, sequences))).expand(len(sequences), -1) < lengths.unsqueeze(1)
    values = torch.cat(sequences)
    padded = torch.full((*masks.shape, *values.shape[1:]), padding_value, dtype=values.dtype)
    padded[masks] = values
    return {"attention_masks": masks, "lengths": lengths, "sequences": padded}
