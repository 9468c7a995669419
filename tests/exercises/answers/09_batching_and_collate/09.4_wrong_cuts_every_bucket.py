"""Cuts each bucket by itself, which leaves a short batch in each.

Rejected by: every index once, one short batch at most
Saying: Buckets are no borders
"""


class BucketBatches:
    def __init__(self, lengths, batch_size, bucket_width, generator=None):
        self.lengths, self.size, self.width, self.generator = lengths, batch_size, bucket_width, generator

    def __iter__(self):
        buckets = {}
        for index in torch.randperm(len(self.lengths), generator=self.generator).tolist():
            buckets.setdefault(self.lengths[index] // self.width, []).append(index)
        batches = [
            bucket[start : start + self.size]
            for bucket in buckets.values()
            for start in range(0, len(bucket), self.size)
        ]
        for number in torch.randperm(len(batches), generator=self.generator).tolist():
            yield batches[number]

    def __len__(self):
        return -(-len(self.lengths) // self.size)
