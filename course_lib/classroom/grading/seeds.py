"""Each student's checks have inputs of their own: seeds made from a course's key and the student's name.

Who does not know the key cannot know the inputs; who has it gets the same grades again, on any machine.
"""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

_BYTES = 32


def seed_for(student: str, key: bytes) -> int:
    """Return the seed of a student: the first four bytes of HMAC-SHA256 (RFC 2104) of the name."""
    return int.from_bytes(hmac.digest(key, student.encode(), "sha256")[:4], "big")


def read_key(path: Path) -> bytes:
    """Read a key file.

    Raises:
        ValueError: when there is none, or it holds no key.
    """
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise ValueError(
            f"the key {path} cannot be read: {error}. A key is {2 * _BYTES} hexadecimal digits in a file "
            f"of its own: `course key {path}` makes one."
        ) from error
    if len(key) < _BYTES:
        raise ValueError(
            f"the key {path} has {len(key)} bytes, it needs {_BYTES}: `course key FILE` makes one."
        )
    return key


def make_key(path: Path) -> bytes:
    """Write a new random key that only its owner may read.

    Raises:
        ValueError: when the file is there already, or cannot be written.
    """
    key = secrets.token_bytes(_BYTES)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ValueError(
            f"{path} is there already. A key is never overwritten, because every grade hangs on it: "
            "name another file."
        ) from None
    except OSError as error:
        raise ValueError(f"the key {path} cannot be written: {error.strerror or error}.") from error
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key.hex() + "\n")
    return key


def key_beside(course: Path) -> tuple[bytes, Path, bool]:
    """Return the key that a course's folder keeps, its file, and whether it was made just now."""
    path = course / ".course" / "grading.key"
    if path.exists():
        return read_key(path), path, False
    return make_key(path), path, True


def fingerprint(key: bytes) -> str:
    """Name a key without giving it away."""
    return hashlib.sha256(b"course key " + key).hexdigest()[:12]
