"""Takes a second of silence for the end.

Rejected by: every item, in order
Saying: A slow item is no end
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
        except BaseException as error:
            ready.put((end, error))

    threading.Thread(target=read_ahead, daemon=True).start()
    try:
        while True:
            try:
                item, error = ready.get(timeout=1)
            except queue.Empty:
                return
            if error is not None:
                raise error
            if item is end:
                return
            room.release()
            yield item
    finally:
        stopped.set()
        room.release()
