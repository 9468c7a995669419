"""Takes an error for the end.

Rejected by: an error comes in its place
Saying: no error
"""


def prefetch(source, depth):
    ready, room, stopped, end = queue.Queue(), threading.Semaphore(depth), threading.Event(), object()

    def read_ahead():
        items = iter(source)
        while True:
            room.acquire()
            if stopped.is_set():
                return
            try:
                item = next(items, end)
            except Exception:
                item = end
            ready.put(item)
            if item is end:
                return

    threading.Thread(target=read_ahead, daemon=True).start()
    try:
        while (item := ready.get()) is not end:
            room.release()
            yield item
    finally:
        stopped.set()
        room.release()
