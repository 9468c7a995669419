"""Seeds inside the loop: every batch draws the same numbers.

Rejected by: it seeds itself
Saying: once, at its start
"""


def worker_loop(worker_id, base_seed, dataset, collate_fn, tasks, answers, parent_is_alive):
    while True:
        seed_everything(base_seed, worker_id)
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
            answer = (number, "batch", collate_fn([dataset[index] for index in indices]))
        except Exception as error:
            answer = (number, "error", (type(error).__name__, error.args, traceback.format_exc()))
        answers.send(answer)
