"""A deque under a condition: both sides wait for what they need."""

from collections import deque


def prefetch(source, depth):
    waiting, changed = deque(), threading.Condition()
    state = {"open": True, "done": False, "error": None}

    def read_ahead():
        items = None
        while True:
            with changed:
                changed.wait_for(lambda: len(waiting) < depth or not state["open"])
                if not state["open"]:
                    return
            try:
                items = iter(source) if items is None else items
                item = next(items)
            except StopIteration:
                break
            except BaseException as error:
                state["error"] = error
                break
            with changed:
                waiting.append(item)
                changed.notify_all()
        with changed:
            state["done"] = True
            changed.notify_all()

    threading.Thread(target=read_ahead, daemon=True).start()
    try:
        while True:
            with changed:
                changed.wait_for(lambda: waiting or state["done"])
                if not waiting:
                    break
                item = waiting.popleft()
                changed.notify_all()
            yield item
        if state["error"] is not None:
            raise state["error"]
    finally:
        with changed:
            state["open"] = False
            changed.notify_all()
