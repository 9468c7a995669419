"""Makes a new error of the text: its type, its args and its traceback are lost.

Rejected by: an error comes in its place
Saying: another RuntimeError
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
                ready.put((item, ""))
                if item is end:
                    return
        except Exception as error:
            ready.put((end, str(error)))

    threading.Thread(target=read_ahead, daemon=True).start()
    try:
        while True:
            item, error = ready.get()
            if error:
                raise RuntimeError(error)
            if item is end:
                return
            room.release()
            yield item
    finally:
        stopped.set()
        room.release()
