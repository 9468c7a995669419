# /// attack
# title = "walking frames and gc to the peer, asking for the judge's insides"
# earned = [3, 1]
# ///
# %% 99.2
import gc

import torch


def refused(ask):
    """Tell whether the judge gives anything for a question."""
    try:
        return ask()
    except BaseException:
        return None


def total(dataset):
    peer = next(each for each in gc.get_objects() if type(each).__name__ == "StudentPeer")
    asks = {
        "class": lambda: peer.request("get", dataset, "__class__"),
        "globals": lambda: peer.request("get", dataset, "__init__").__globals__,
        "dict": lambda: peer.request("get", dataset, "__dict__"),
        "method": lambda: peer.request("get", peer.request("get", dataset, "reads"), "append"),
        "forged set": lambda: peer.request("set", dataset, "length", 0) or True,
        "eval": lambda: peer.request("call", "eval", ["1"], {}),
        "run a cell": lambda: peer.request("run_cell", "1", "1", []),
        "a module": lambda: peer.request("module", "os"),
        "a name": lambda: peer.request("name", "expect"),
        "text": lambda: peer.request("get", "x", "format"),
        "hide": lambda: peer.request("hide", ["DataLoader"]) or True,
    }
    got = [words for words, ask in asks.items() if refused(ask) is not None]
    for number in range(1, 200):  # objects that were never handed out
        from course_lib.classroom.exercises.wire import Handle

        try:
            stranger = peer._resolve(Handle(number, False, ("object",), ("__call__", "__len__")))
            peer.request("get", stranger, "reads")
            if number != dataset._handle.number:
                got.append(f"object {number}")
        except BaseException:
            pass
    if got:
        raise Escaped(f"the judge gave {got}")
    return float(sum(dataset[i] for i in range(len(dataset))))
