"""Sets a flag at the end, but wakes nobody: the thread waits for room for ever.

Rejected by: the thread ends
Saying: a thread that waits sees no flag
"""


def prefetch(source, depth):
    ready, room, stopped, end = queue.Queue(), threading.Semaphore(depth), threading.Event(), object()

    def read_ahead():
        try:
            items = iter(source)
            while not stopped.is_set():
                room.acquire()
                item = next(items, end)
                ready.put((item, None))
                if item is end:
                    return
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
            room.release()
            yield item
    finally:
        stopped.set()
