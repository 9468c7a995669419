"""Returns the dict itself where nothing is to be pinned, and merges two dicts otherwise."""


def pin_batch(batch, has_gpu):
    if not has_gpu:
        return batch
    able = {key: value for key, value in batch.items() if hasattr(value, "pin_memory")}
    tensors = [key for key, value in able.items() if hasattr(value, "is_pinned")]
    done = {key for key in tensors if able[key].device.type != "cpu" or able[key].is_pinned()}
    return batch | {key: value.pin_memory() for key, value in able.items() if key not in done}
