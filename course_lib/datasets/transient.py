"""Which errors may be gone at the next try (lesson 17)."""

import errno

_PASSING = {
    # Not every system knows every one of them.
    getattr(errno, name, None)
    for name in (
        "EIO",
        "EBUSY",
        "EMFILE",
        "ENFILE",
        "ENOLCK",
        "ENETDOWN",
        "ENETUNREACH",
        "EHOSTUNREACH",
        "ESTALE",
    )
} - {None}


def is_transient(error: Exception) -> bool:
    """Tell whether an error may be gone at the next try: a timeout, a lost connection, a busy device.

    A missing file, a damaged picture or a wrong value stays what it is.
    """
    if isinstance(error, TimeoutError | ConnectionError | BlockingIOError | InterruptedError):
        return True
    return isinstance(error, OSError) and error.errno in _PASSING
