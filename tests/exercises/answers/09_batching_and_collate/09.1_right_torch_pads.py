"""Lets torch's pad_sequence do the padding; the mask is a comparison by broadcasting."""

from torch.nn.utils.rnn import pad_sequence


def pad(sequences, padding_value=0):
    padded = pad_sequence(sequences, batch_first=True, padding_value=padding_value)
    lengths = torch.tensor([sequence.shape[0] for sequence in sequences])
    masks = torch.stack([torch.arange(padded.shape[1]) < length for length in lengths])
    return {"sequences": padded, "attention_masks": masks, "lengths": lengths}
