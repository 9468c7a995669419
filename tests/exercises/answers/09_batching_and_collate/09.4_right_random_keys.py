"""Sorts once, by bucket and then by a random number; the short batch is the one with the shortest samples."""


class BucketBatches:
    def __init__(self, lengths, batch_size, bucket_width, generator=None):
        self.buckets = torch.tensor(lengths) // bucket_width
        self.size, self.generator = batch_size, generator

    def __iter__(self):
        chance = torch.rand(len(self.buckets), generator=self.generator, dtype=torch.float64)
        order = (self.buckets + chance).argsort().flip(0)
        batches = [part.tolist() for part in order.split(self.size)]
        yield from (batches[number] for number in torch.randperm(len(batches), generator=self.generator))

    def __len__(self):
        return (len(self.buckets) + self.size - 1) // self.size
