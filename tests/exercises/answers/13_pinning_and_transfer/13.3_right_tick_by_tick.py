"""Lets the milliseconds pass one by one and looks who can begin."""


def sequential_time(costs):
    return sum(cost for batch in costs for cost in batch)


def overlapped_time(costs, slots=2):
    done = [0, 0, 0]  # batches that have left each unit
    left = [None, None, None]  # what the batch in each unit still needs
    now = 0
    while True:
        moved = True
        while moved:
            moved = False
            for unit in range(3):
                number = done[unit]
                if left[unit] == 0:
                    left[unit], done[unit], moved = None, number + 1, True
                    continue
                there = number < (len(costs) if unit == 0 else done[unit - 1])
                room = unit != 1 or number - done[2] < slots
                if left[unit] is None and there and room:
                    left[unit], moved = costs[number][unit], True
        if done[2] == len(costs):
            return now
        now += 1
        left = [rest if rest is None else rest - 1 for rest in left]
