"""The work in a function of its own, the waiting in another one, and shorter steps."""


def next_task(tasks, parent_is_alive):
    while not tasks.poll(timeout=0.5):
        if not parent_is_alive():
            return None
    try:
        return tasks.recv()
    except EOFError:
        return None


def do(dataset, collate_fn, number, indices):
    try:
        return number, "batch", collate_fn([dataset[index] for index in indices])
    except Exception as error:
        text = "".join(traceback.format_exception(error))
        return number, "error", (type(error).__name__, error.args, text)


def worker_loop(worker_id, base_seed, dataset, collate_fn, tasks, answers, parent_is_alive):
    seed_everything(base_seed, worker_id)
    while (task := next_task(tasks, parent_is_alive)) is not None:
        answers.send(do(dataset, collate_fn, *task))
