"""Sorts by length: within a bucket nothing is shuffled.

Rejected by: other company in each epoch
Saying: Do you sort by bucket, or by length
"""


class BucketBatches:
    def __init__(self, lengths, batch_size, bucket_width, generator=None):
        self.lengths = lengths
        self.batch_size = batch_size
        self.bucket_width = bucket_width
        self.generator = generator

    def __iter__(self):
        order = torch.randperm(len(self.lengths), generator=self.generator).tolist()
        order.sort(key=lambda index: self.lengths[index])
        for number in torch.randperm(len(self), generator=self.generator).tolist():
            yield order[number * self.batch_size : (number + 1) * self.batch_size]

    def __len__(self):
        return -(-len(self.lengths) // self.batch_size)
