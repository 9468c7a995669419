"""Calls recv at once, and so waits for a parent that is gone.

Rejected by: an orphan ends
Saying: a worker whose parent is gone ends
"""


def worker_loop(worker_id, base_seed, dataset, collate_fn, tasks, answers, parent_is_alive):
    seed_everything(base_seed, worker_id)
    while True:
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
