"""Write a file whole or not at all (lesson 12 writes timelines so, lesson 19 difficulties).

What is written goes into a draft beside the file, which then takes its place in one step:

    trace.json   .trace.json.5f0c91d2   ->   trace.json

So another process sees the old file or the new one, and a full disk costs nothing that was there before.
"""

import os
import secrets
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that others see all of it or nothing, whoever else writes it too.

    Raises:
        OSError: it cannot be written. The message names `path`; what was there before is there still.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("xb") as file:
            file.write(content)
        os.replace(draft, path)
    except BaseException as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno is not None:
            # The name of the draft says nothing to whoever asked for the file.
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
