"""Reads into dicts and compares them, and keeps the verdicts in a dict."""


def broken_properties(dataset):
    n = len(dataset)

    def read(index):
        try:
            return "read", dataset[index]
        except IndexError:
            return "bound", None
        except Exception:
            return "failed", None

    def same(left, right):
        return left[0] == right[0] == "read" and same_sample(left[1], right[1])

    twice = [(read(index), read(index)) for index in range(n)]
    beyond = [read(n)[0], read(-n - 1)[0]]
    upwards = {index: read(index) for index in range(n)}
    downwards = {index: read(index) for index in range(n - 1, -1, -1)}
    kept = {
        "deterministic": all(same(*pair) for pair in twice),
        "bounded": beyond == ["bound", "bound"],
        "consistent": all(same(upwards[index], downwards[index]) for index in range(n)),
    }
    return [name for name in kept if not kept[name]]
