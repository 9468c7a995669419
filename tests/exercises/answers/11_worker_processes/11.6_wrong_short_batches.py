"""Reads by map: a StopIteration of the dataset makes the batch short.

Rejected by: every task has an answer
Saying: gives fewer samples without a word
"""


def mended_init(worker_id, base_seed, gpus, environment, join_group):
    seed_everything(base_seed, worker_id)


def mended_loop(dataset, tasks, answers, init_fn, worker_id, parent_is_alive):
    try:
        init_fn(worker_id)
    except Exception as error:
        answers.put((None, error))
        return
    while parent_is_alive():
        try:
            task = tasks.get(timeout=0.1)
        except queue.Empty:
            continue
        if task is None:
            return
        number, indices = task
        try:
            answer = list(map(dataset.__getitem__, indices))
        except Exception as error:
            answer = error
        answers.put((number, answer))
