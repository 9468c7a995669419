"""Yields all batches, but does not count the short one.

Rejected by: every index once, one short batch at most
Saying: The short batch is a batch
"""


class BucketBatches:
    def __init__(self, lengths, batch_size, bucket_width, generator=None):
        self.lengths = lengths
        self.batch_size = batch_size
        self.bucket_width = bucket_width
        self.generator = generator

    def __iter__(self):
        order = torch.randperm(len(self.lengths), generator=self.generator).tolist()
        order.sort(key=lambda index: self.lengths[index] // self.bucket_width)
        for number in torch.randperm(
            -(-len(self.lengths) // self.batch_size), generator=self.generator
        ).tolist():
            yield order[number * self.batch_size : (number + 1) * self.batch_size]

    def __len__(self):
        return len(self.lengths) // self.batch_size
