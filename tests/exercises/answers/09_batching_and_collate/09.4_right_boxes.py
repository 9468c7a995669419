"""Puts the shuffled indices into boxes, and stacks the boxes."""


class BucketBatches:
    def __init__(self, lengths, batch_size, bucket_width, generator=None):
        self.buckets = [length // bucket_width for length in lengths]
        self.size, self.generator = batch_size, generator

    def __iter__(self):
        boxes = {bucket: [] for bucket in sorted(set(self.buckets))}
        for index in torch.randperm(len(self.buckets), generator=self.generator).tolist():
            boxes[self.buckets[index]].append(index)
        order = [index for box in boxes.values() for index in box]
        batches = [order[start : start + self.size] for start in range(0, len(order), self.size)]
        for number in torch.randperm(len(batches), generator=self.generator).tolist():
            yield batches[number]

    def __len__(self):
        whole, rest = divmod(len(self.buckets), self.size)
        return whole + (rest > 0)
