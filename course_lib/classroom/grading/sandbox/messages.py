"""Short messages between judge, warm process and keepers, which all are our own: JSON and open files."""

import json
import os
import socket
import struct
from collections.abc import Iterable
from typing import Any

_LENGTH = struct.Struct("<I")
_MOST_FILES = 4


def send(line: socket.socket, message: dict[str, Any], files: Iterable[int] = ()) -> None:
    """Send a message, and open files with it: the other side gets descriptors of its own for them."""
    text = json.dumps(message).encode()
    socket.send_fds(line, [_LENGTH.pack(len(text))], list(files))
    line.sendall(text)


def receive(line: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    """Wait for a message; None when the other side has hung up."""
    head, files, _, _ = socket.recv_fds(line, _LENGTH.size, _MOST_FILES)
    for file in files:
        os.set_inheritable(file, False)
    if not head:
        return None, files
    text = _exactly(line, _LENGTH.unpack(head)[0])
    return (json.loads(text) if text else None), files


def _exactly(line: socket.socket, count: int) -> bytes:
    text = b""
    while len(text) < count:
        chunk = line.recv(count - len(text))
        if not chunk:
            return b""
        text += chunk
    return text
