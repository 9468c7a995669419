"""Catches EOFError around everything: a truncated file ends the worker without an answer.

Rejected by: any error of a sample is an answer
Saying: a dataset may meet the end of a file, too
"""


def worker_loop(worker_id, base_seed, dataset, collate_fn, tasks, answers, parent_is_alive):
    seed_everything(base_seed, worker_id)
    try:
        while True:
            if not tasks.poll(1.0):
                if not parent_is_alive():
                    return
                continue
            task = tasks.recv()
            if task is None:
                return
            number, indices = task
            try:
                answer = (number, "batch", collate_fn([dataset[index] for index in indices]))
            except EOFError:
                raise
            except Exception as error:
                answer = (number, "error", (type(error).__name__, error.args, traceback.format_exc()))
            answers.send(answer)
    except EOFError:
        return
