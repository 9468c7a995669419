"""Takes a queue.Empty of the dataset for its own.

Rejected by: every task has an answer
Saying: queue.Empty
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
            if task is None:
                return
            number, indices = task
            answers.put((number, [dataset[index] for index in indices]))
        except queue.Empty:
            continue
        except Exception as error:
            answers.put((number, error))
