"""Fetches in a generator expression, which makes a StopIteration a RuntimeError.

Rejected by: any error of a sample is an answer
Saying: makes it a RuntimeError
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
            samples = (dataset[index] for index in indices)
            answer = (number, "batch", collate_fn(list(samples)))
        except Exception as error:
            answer = (number, "error", (type(error).__name__, error.args, traceback.format_exc()))
        answers.send(answer)
