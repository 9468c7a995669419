"""Calls iter(source) outside of every try: if that raises, the consumer waits for ever.

Rejected by: an error comes in its place
Saying: already iter(source) raises
"""

from collections import deque


def prefetch(source, depth):
    waiting, changed = deque(), threading.Condition()
    state = {"open": True, "done": False, "error": None}

    def read_ahead():
        items = iter(source)
        while True:
            with changed:
                changed.wait_for(lambda: len(waiting) < depth or not state["open"])
                if not state["open"]:
                    return
            try:
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
