"""How reports speak of numbers of things."""


def counted(count: int, thing: str) -> str:
    """Return "1 worker", "2 workers"."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
