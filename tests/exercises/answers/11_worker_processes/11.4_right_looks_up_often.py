"""The thread waits for room in short steps, and looks each time whether it is still wanted."""


def prefetch(source, depth):
    ready, room, stopped = queue.Queue(), threading.Semaphore(depth), threading.Event()

    def read_ahead():
        try:
            items = iter(source)
            while not stopped.is_set():
                if not room.acquire(timeout=0.05):
                    continue
                try:
                    ready.put(("item", next(items)))
                except StopIteration:
                    ready.put(("end", None))
                    return
        except BaseException as error:
            ready.put(("error", error))

    threading.Thread(target=read_ahead, daemon=True).start()
    try:
        while True:
            kind, content = ready.get()
            if kind == "end":
                return
            if kind == "error":
                raise content
            room.release()
            yield content
    finally:
        stopped.set()
