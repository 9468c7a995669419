"""Tickets: the consumer hands out the permission to take one more item, and -1 says stop."""


def prefetch(source, depth):
    tickets, items = queue.Queue(), queue.Queue()
    for _ in range(depth):
        tickets.put(1)

    def read_ahead():
        try:
            reader = iter(source)
            while tickets.get() > 0:
                try:
                    items.put(("item", next(reader)))
                except StopIteration:
                    break
            items.put(("end", None))
        except BaseException as error:
            items.put(("error", error))

    thread = threading.Thread(target=read_ahead, daemon=True)
    thread.start()
    try:
        while True:
            kind, content = items.get()
            if kind == "end":
                return
            if kind == "error":
                raise content
            tickets.put(1)
            yield content
    finally:
        while not tickets.empty():
            tickets.get_nowait()
        tickets.put(-1)
        thread.join()
