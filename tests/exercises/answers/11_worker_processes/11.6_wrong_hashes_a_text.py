"""Hashes a text: Python salts such hashes anew in each process.

Rejected by: start-up seeds everything
Saying: salts it anew
"""


def mended_init(worker_id, base_seed, gpus, environment, join_group):
    seed_everything(abs(hash(f"{base_seed}")) % 2**40, worker_id)


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
