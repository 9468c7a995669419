"""Waits at the end for a thread that waits for room: neither ever wakes.

Rejected by: the thread ends
Saying: no end
"""


def prefetch(source, depth):
    ready, room, end = queue.Queue(), threading.Semaphore(depth), object()

    def read_ahead():
        try:
            items = iter(source)
            while True:
                room.acquire()
                item = next(items, end)
                ready.put((item, None))
                if item is end:
                    return
        except BaseException as error:
            ready.put((end, error))

    thread = threading.Thread(target=read_ahead, daemon=True)
    thread.start()
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
        thread.join()
