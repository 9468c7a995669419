"""Starts the thread at the call, outside of the generator: closed before its first item, that never ends it.

Rejected by: the thread ends
Saying: was never asked for an item
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
                ready.put((item, None))
                if item is end:
                    return
        except BaseException as error:
            ready.put((end, error))

    threading.Thread(target=read_ahead, daemon=True).start()

    def hand_out():
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

    return hand_out()
