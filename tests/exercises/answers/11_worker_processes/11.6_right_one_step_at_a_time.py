"""Functions for waiting and for working; leaves the GPUs alone."""


def mended_init(worker_id, base_seed, gpus, environment, join_group):
    seed_everything(base_seed, worker_id)


def wait_for_task(tasks, parent_is_alive):
    while True:
        try:
            return tasks.get(timeout=0.2)
        except queue.Empty:
            if not parent_is_alive():
                return None


def attempt(action):
    try:
        return action()
    except Exception as error:
        return error


def mended_loop(dataset, tasks, answers, init_fn, worker_id, parent_is_alive):
    failure = attempt(lambda: init_fn(worker_id))
    if isinstance(failure, Exception):
        answers.put((None, failure))
        return
    while (task := wait_for_task(tasks, parent_is_alive)) is not None:
        answers.put((task[0], attempt(lambda: [dataset[index] for index in task[1]])))
