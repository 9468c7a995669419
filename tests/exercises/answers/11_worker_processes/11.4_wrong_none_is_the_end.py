"""Takes None for the end.

Rejected by: every item, in order
Saying: end = object()
"""


def prefetch(source, depth):
    ready, room, stopped = queue.Queue(), threading.Semaphore(depth), threading.Event()

    def read_ahead():
        items = iter(source)
        while True:
            room.acquire()
            if stopped.is_set():
                return
            item = next(items, None)
            ready.put(item)
            if item is None:
                return

    threading.Thread(target=read_ahead, daemon=True).start()
    try:
        while (item := ready.get()) is not None:
            room.release()
            yield item
    finally:
        stopped.set()
        room.release()
