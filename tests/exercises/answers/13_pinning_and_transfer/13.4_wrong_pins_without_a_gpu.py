"""Pins whatever can be pinned, on every machine, as tutorials do.

Rejected by: without a GPU nothing is touched
Saying: Ask `has_gpu` before anything else
"""


def pin_batch(batch, has_gpu):
    result = {}
    for key, value in batch.items():
        try:
            is_tensor = hasattr(value, "is_pinned")
            if is_tensor and (value.device.type != "cpu" or value.is_pinned()):
                result[key] = value
            else:
                result[key] = value.pin_memory()
        except (AttributeError, RuntimeError):
            result[key] = value
    return result
