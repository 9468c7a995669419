"""Adds the number of the process: no run can be repeated.

Rejected by: start-up seeds everything
Saying: os.getpid()
"""

import os


def mended_init(worker_id, base_seed, gpus, environment, join_group):
    seed_everything(base_seed, worker_id + os.getpid() % 1000)


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
            answer = [dataset[index] for index in indices]
        except Exception as error:
            answer = error
        answers.put((number, answer))
