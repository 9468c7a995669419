"""A heap of the early ones, with the number alone to compare."""

import heapq


def in_order(answers):
    numbers, batches, upcoming = [], {}, 0
    for number, batch in answers:
        heapq.heappush(numbers, number)
        batches[number] = batch
        while numbers and numbers[0] == upcoming:
            yield batches.pop(heapq.heappop(numbers))
            upcoming += 1
    if numbers:
        raise RuntimeError(f"no answer with number {upcoming}")
