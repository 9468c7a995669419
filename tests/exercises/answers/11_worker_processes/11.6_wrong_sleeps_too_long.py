"""Looks for a task, and then sleeps for two seconds.

Rejected by: an orphan does not wait for ever
Saying: a wait of 2 seconds
"""

import time


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
            task = tasks.get_nowait()
        except queue.Empty:
            time.sleep(2)
            continue
        if task is None:
            return
        number, indices = task
        try:
            answer = [dataset[index] for index in indices]
        except Exception as error:
            answer = error
        answers.put((number, answer))
