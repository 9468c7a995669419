"""What was graded already, in a file that only grows: an interrupted run goes on where it was.

Each line is one JSON object, written whole and brought to the disk before the next submission counts as
done. After a crash at most the last line is torn: it is skipped, and its submission graded again.
"""

import json
import os
from pathlib import Path
from typing import Any


class Journal:
    """Records by key. Of several records with one key the last counts.

    Args:
        path: the file; it is made with the first record.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.skipped = 0
        self._records: dict[str, dict[str, Any]] = {}
        try:
            lines = path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return
        for line in lines:
            self._take(line)

    def __len__(self) -> int:
        return len(self._records)

    def __contains__(self, key: str) -> bool:
        return key in self._records

    def get(self, key: str) -> dict[str, Any] | None:
        """Return the record with this key, or None."""
        return self._records.get(key)

    def write(self, key: str, record: dict[str, Any]) -> None:
        """Add a record, and return when it is on the disk."""
        line = json.dumps({"key": key, "record": record}, separators=(",", ":")).encode() + b"\n"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a+b") as file:
            if _is_torn(file):
                line = b"\n" + line
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        self._records[key] = record

    def _take(self, line: bytes) -> None:
        if not line.strip():
            return
        try:
            match json.loads(line):
                case {"key": str(key), "record": dict(record)}:
                    self._records[key] = record
                    return
        except (ValueError, RecursionError):
            pass
        self.skipped += 1


def _is_torn(file: Any) -> bool:
    """Tell whether the file's last line lacks its end."""
    if file.seek(0, os.SEEK_END) == 0:
        return False
    file.seek(-1, os.SEEK_END)
    return bool(file.read(1) != b"\n")
