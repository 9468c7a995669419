"""Sends items and errors alike, and raises whatever is an exception.

Rejected by: every item, in order
Saying: an exception object, too
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
                ready.put(item)
                if item is end:
                    return
        except BaseException as error:
            ready.put(error)

    threading.Thread(target=read_ahead, daemon=True).start()
    try:
        while True:
            item = ready.get()
            if isinstance(item, BaseException):
                raise item
            if item is end:
                return
            room.release()
            yield item
    finally:
        stopped.set()
        room.release()
