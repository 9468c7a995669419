# /// attack
# title = "a forged reply to this and the next questions, in the call"
# earned = [3, 0]
# status = ["crashed", "graded"]
# ///
# %% 99.2
import gc

import torch


def total(dataset):
    line = next(each for each in gc.get_objects() if type(each).__name__ == "ConnectionTransport")
    peer = next(each for each in gc.get_objects() if type(each).__name__ == "StudentPeer")
    from course_lib.classroom.exercises import wire

    for value in (10.0, [0, 1, 2, 3, 4], True, None):
        reply = wire.encode(["value", value], peer._export)
        for number in range(1, 60):
            line.connection.send(b"R", number, reply)
    return 10.0
