"""Leaves init_fn outside of the try.

Rejected by: a failing start is reported
Saying: What stands outside of any `try`?
"""


def mended_init(worker_id, base_seed, gpus, environment, join_group):
    seed_everything(base_seed, worker_id)


def mended_loop(dataset, tasks, answers, init_fn, worker_id, parent_is_alive):
    init_fn(worker_id)
    while parent_is_alive():
        try:
            task = tasks.get(timeout=0.1)
        except queue.Empty:
            continue
        if task is None:
            return
        number, indices = task
        try:
            answer = [dataset[index] for index in indices]
        except Exception as error:
            answer = error
        answers.put((number, answer))
