"""A file for numbers that took long to compute (lesson 19).

It is a plain `.npy` file: `numpy.load(path)` gives the scores. Behind them stands a second array, a checksum
of the first, so that a file that was cut off or changed is noticed. Nothing in it is ever unpickled.
"""

import hashlib
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from course_lib.whole_file import write_whole

Floats = npt.NDArray[np.float64]


def write_scores(path: Path, scores: Floats) -> None:
    """Write scores; another process sees the old file or the new one, and no half of it.

    Raises:
        OSError: it cannot be written; the message names `path`.
    """
    file = BytesIO()
    np.save(file, scores, allow_pickle=False)
    np.save(file, _checksum(scores), allow_pickle=False)
    write_whole(path, file.getvalue())


def read_scores(path: Path) -> Floats | None:
    """Return the scores of a file; None if there is no file.

    Raises:
        ValueError: it is a file of another kind, or was damaged. It is not touched.
    """
    try:
        with path.open("rb") as file:
            scores, checksum = _load(file), _load(file)
    except FileNotFoundError:
        return None
    except (ValueError, EOFError) as error:
        raise ValueError(_foreign(path, "no two arrays of numbers")) from error
    if scores.dtype != np.float64 or scores.ndim != 1 or not np.array_equal(checksum, _checksum(scores)):
        raise ValueError(_foreign(path, "scores that do not match their checksum"))
    return scores


def _load(file: BinaryIO) -> Floats:
    array: Floats = np.lib.format.read_array(file, allow_pickle=False)
    return array


def _checksum(scores: Floats) -> npt.NDArray[np.uint8]:
    return np.frombuffer(hashlib.blake2b(scores.tobytes(), digest_size=16).digest(), np.uint8)


def _foreign(path: Path, what: str) -> str:
    return (
        f"cache is {path}, and holds {what}. A cache of difficulties is a file that this loader has written. "
        "It is left as it is: delete it if it is damaged, or give another path."
    )
