"""Catches errors of the dataset only.

Rejected by: a collate function may fail
Saying: the loop itself raised TypeError
"""


def worker_loop(worker_id, base_seed, dataset, collate_fn, tasks, answers, parent_is_alive):
    seed_everything(base_seed, worker_id)
    while True:
        if not tasks.poll(1.0):
            if not parent_is_alive():
                return
            continue
        try:
            task = tasks.recv()
        except EOFError:
            return
        if task is None:
            return
        number, indices = task
        try:
            samples = [dataset[index] for index in indices]
        except Exception as error:
            answers.send((number, "error", (type(error).__name__, error.args, traceback.format_exc())))
            continue
        answers.send((number, "batch", collate_fn(samples)))
