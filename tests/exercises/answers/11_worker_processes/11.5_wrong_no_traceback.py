"""The third part is the error's text, not its traceback.

Rejected by: errors become answers
Saying: it says where in the dataset it happened
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
            answer = (number, "batch", collate_fn([dataset[index] for index in indices]))
        except Exception as error:
            answer = (number, "error", (type(error).__name__, error.args, repr(error)))
        answers.send(answer)
