"""Catches Exception only: SystemExit ends the thread unseen.

Rejected by: an error comes in its place
Saying: raises SystemExit
"""


def prefetch(source, depth):
    ready = queue.SimpleQueue()
    room = threading.Semaphore(depth)
    stopped = threading.Event()
    end = object()

    def read_ahead():
        try:
            items = iter(source)
            while True:
                room.acquire()
                if stopped.is_set():
                    return
                item = next(items, end)
                ready.put((item, None))
                if item is end:
                    return
        except Exception as error:
            ready.put((end, error))

    threading.Thread(target=read_ahead, daemon=True).start()
    try:
        while True:
            item, error = ready.get()
            if error is not None:
                raise error
            if item is end:
                return
            room.release()
            yield item
    finally:
        stopped.set()
        room.release()
