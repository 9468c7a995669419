"""Waits the whole second, and hides the GPUs from a worker that has none of its own."""


def mended_init(worker_id, base_seed, gpus, environment, join_group):
    environment["CUDA_VISIBLE_DEVICES"] = str(worker_id % gpus) if gpus else ""
    seed_everything(base_seed, worker_id)


def mended_loop(dataset, tasks, answers, init_fn, worker_id, parent_is_alive):
    try:
        init_fn(worker_id)
    except Exception as error:
        answers.put((None, error))
        return
    while parent_is_alive():
        try:
            task = tasks.get(timeout=1.0)
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
