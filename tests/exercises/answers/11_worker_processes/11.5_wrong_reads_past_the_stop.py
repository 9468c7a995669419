"""Skips the stop message when another task lies behind it.

Rejected by: stop means stop
Saying: Leave the loop at the first None
"""


def worker_loop(worker_id, base_seed, dataset, collate_fn, tasks, answers, parent_is_alive):
    seed_everything(base_seed, worker_id)
    stopped = False
    while True:
        if not tasks.poll(1.0):
            if stopped or not parent_is_alive():
                return
            continue
        try:
            task = tasks.recv()
        except EOFError:
            return
        if task is None:
            stopped = True
            continue
        number, indices = task
        try:
            answer = (number, "batch", collate_fn([dataset[index] for index in indices]))
        except Exception as error:
            answer = (number, "error", (type(error).__name__, error.args, traceback.format_exc()))
        answers.send(answer)
