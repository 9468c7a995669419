"""An error ends the thread, and the consumer waits for ever.

Rejected by: an error comes in its place
Saying: no end
"""


def prefetch(source, depth):
    ready, room, stopped, end = queue.Queue(), threading.Semaphore(depth), threading.Event(), object()

    def read_ahead():
        try:
            items = iter(source)
            while True:
                room.acquire()
                if stopped.is_set():
                    return
                item = next(items, end)
                ready.put(item)
                if item is end:
                    return
        except Exception:
            return

    threading.Thread(target=read_ahead, daemon=True).start()
    try:
        while (item := ready.get()) is not end:
            room.release()
            yield item
    finally:
        stopped.set()
        room.release()
