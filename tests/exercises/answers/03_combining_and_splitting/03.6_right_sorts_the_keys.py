"""Sorts the keys of both parts together, so that copies stand side by side."""


def find_leaks(train, test):
    rows = []
    for side, part in enumerate((train, test)):
        for index, (image, _) in enumerate(part):
            rows.append(((str(image.dtype), str(image.tolist())), side, index))
    pairs = []
    for _, same in itertools.groupby(sorted(rows), key=lambda row: row[0]):
        same = list(same)
        pairs += itertools.product(
            [i for _, side, i in same if side == 0], [j for _, side, j in same if side == 1]
        )
    return sorted(pairs)
