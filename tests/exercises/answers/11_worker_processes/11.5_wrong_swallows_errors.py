"""Goes on after an error, "to be robust", without an answer.

Rejected by: errors become answers
Saying: A task that fails gets an answer, too
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
        try:
            number, indices = task
            answers.send((number, "batch", collate_fn([dataset[index] for index in indices])))
        except Exception:
            continue
