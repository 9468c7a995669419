"""Reads as fast as it can, and piles everything up.

Rejected by: never more than depth ahead
Saying: each one costs memory
"""


def prefetch(source, depth):
    ready, end, stopped = queue.Queue(), object(), threading.Event()

    def read_ahead():
        try:
            for item in source:
                ready.put((item, None))
                if stopped.is_set():
                    return
            ready.put((end, None))
        except BaseException as error:
            ready.put((end, error))

    threading.Thread(target=read_ahead, daemon=True).start()
    try:
        while True:
            item, error = ready.get()
            if error is not None:
                raise error
            if item is end:
                return
            yield item
    finally:
        stopped.set()
