"""Mends everything but the swallowed errors.

Rejected by: every task has an answer
Saying: Who waits for a batch must hear of it
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
        try:
            answers.put((task[0], [dataset[index] for index in task[1]]))
        except Exception:
            continue
