"""Polls, but never asks whether the parent is alive.

Rejected by: an orphan ends
Saying: Ask `parent_is_alive()` after each poll
"""


def worker_loop(worker_id, base_seed, dataset, collate_fn, tasks, answers, parent_is_alive):
    seed_everything(base_seed, worker_id)
    while True:
        if not tasks.poll(1.0):
            continue
        try:
            task = tasks.recv()
        except EOFError:
            return
        if task is None:
            return
        number, indices = task
        try:
            answer = (number, "batch", collate_fn([dataset[index] for index in indices]))
        except Exception as error:
            answer = (number, "error", (type(error).__name__, error.args, traceback.format_exc()))
        answers.send(answer)
