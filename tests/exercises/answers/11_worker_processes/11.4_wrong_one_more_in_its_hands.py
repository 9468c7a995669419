"""A queue of `depth`: while it is full, the thread holds one more item in its hands.

Rejected by: never more than depth ahead
Saying: An item in the thread's hands counts, too
"""


def prefetch(source, depth):
    ready, end, stopped = queue.Queue(maxsize=depth), object(), threading.Event()

    def send(message):
        while not stopped.is_set():
            try:
                return ready.put(message, timeout=0.05)
            except queue.Full:
                pass

    def read_ahead():
        try:
            for item in source:
                send((item, None))
                if stopped.is_set():
                    return
            send((end, None))
        except BaseException as error:
            send((end, error))

    threading.Thread(target=read_ahead, daemon=True).start()
    try:
        while True:
            item, error = ready.get()
            if error is not None:
                raise error
            if item is end:
                return
            yield item
    finally:
        stopped.set()
