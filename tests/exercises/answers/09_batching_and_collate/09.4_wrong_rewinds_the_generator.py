"""Rewinds the generator that it was given at the beginning of each epoch.

Rejected by: randomness from the generator alone
Saying: the same batches twice
"""


class BucketBatches:
    def __init__(self, lengths, batch_size, bucket_width, generator=None):
        self.lengths = lengths
        self.batch_size = batch_size
        self.bucket_width = bucket_width
        self.generator = generator
        self.state = generator.get_state() if generator is not None else None

    def __iter__(self):
        if self.generator is not None:
            self.generator.set_state(self.state)
        order = torch.randperm(len(self.lengths), generator=self.generator).tolist()
        order.sort(key=lambda index: self.lengths[index] // self.bucket_width)
        for number in torch.randperm(len(self), generator=self.generator).tolist():
            yield order[number * self.batch_size : (number + 1) * self.batch_size]

    def __len__(self):
        return -(-len(self.lengths) // self.batch_size)
