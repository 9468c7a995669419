"""A pool of one thread, and one future for each item that may wait."""

from concurrent.futures import ThreadPoolExecutor


def prefetch(source, depth):
    end, items = object(), []

    def take():
        if not items:
            items.append(iter(source))
        return next(items[0], end)

    pool = ThreadPoolExecutor(1)
    try:
        waiting = [pool.submit(take) for _ in range(depth)]
        while (item := waiting.pop(0).result()) is not end:
            waiting.append(pool.submit(take))
            yield item
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
