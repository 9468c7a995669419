"""Seeds the generator in every epoch, so that all epochs are alike.

Rejected by: other company in each epoch
Saying: anew in each epoch
"""


class BucketBatches:
    def __init__(self, lengths, batch_size, bucket_width, generator=None):
        self.lengths = lengths
        self.batch_size = batch_size
        self.bucket_width = bucket_width
        self.generator = generator

    def __iter__(self):
        self.generator = torch.Generator().manual_seed(0)
        order = torch.randperm(len(self.lengths), generator=self.generator).tolist()
        order.sort(key=lambda index: self.lengths[index] // self.bucket_width)
        for number in torch.randperm(len(self), generator=self.generator).tolist():
            yield order[number * self.batch_size : (number + 1) * self.batch_size]

    def __len__(self):
        return -(-len(self.lengths) // self.batch_size)
