"""A bounded cache of samples that all workers share (lesson 19).

Each sample in the cache is a file in a private folder; the operating system keeps the files that are read
often in memory. What each sample costs and how often it is asked for stands in a shared table, and so do the
bytes in use: room is booked before a file is written, so the limit holds at every moment.

    worth of a sample = seconds that loading it takes × how often it is asked for ÷ its bytes

A new sample takes the place of others only if it is worth clearly more than each of them.
"""

import os
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from course_lib.datasets.sample_bytes import pack_sample
from course_lib.datasets.shared_table import SharedTable

_SAMPLE = np.dtype(
    [
        ("cost", "f8"),  # seconds to load it, averaged
        ("uses", "f8"),  # how often it was asked for, old times counting less
        ("size", "i8"),  # bytes in the cache
        ("slot", "i8"),  # 1 + its place among the kept ones; 0 if it is not kept
        ("kept", "i8"),  # a list: row k holds the index of the k-th kept sample
    ]
)
_TOTALS = np.dtype(
    [
        *((name, "i8") for name in ("hits", "misses", "bytes", "kept", "hand", "since_ageing")),
        *((name, "f8") for name in ("saved", "hit_cost", "keep_cost")),
    ]
)
_LOOKED_AT = 32  # residents to compare with for each one that leaves: a good choice at a fixed price
_MARGIN = 1.5  # measured times scatter: without it, equals would replace each other
_FIRST_GUESS = 2e-4  # seconds to keep a sample, before it was measured


class SampleCache:
    """Keep the samples that are worth most, within a number of bytes.

    Args:
        samples: length of the dataset.
        limit: bytes.
    """

    def __init__(self, samples: int, limit: int) -> None:
        self.limit = limit
        self._table = SharedTable(samples, _SAMPLE)
        self._shared = SharedTable(1, _TOTALS)

    @property
    def rows(self) -> np.ndarray[Any, Any]:
        """What is known of every sample: cost, uses, size, and slot, which is 0 where it is not kept."""
        return self._table.rows

    @property
    def totals(self) -> np.ndarray[Any, Any]:
        """One row: hits, misses, bytes, kept, and saved, in seconds."""
        return self._shared.rows

    @property
    def folder(self) -> Path:
        """Where the samples are kept."""
        return self._table.folder

    def read(self, positions: Iterable[int]) -> dict[int, bytes]:
        """Read those of some samples that are kept, as `pack_sample` made them."""
        slots = self.rows["slot"]
        found: dict[int, bytes] = {}
        for position in positions:
            # Without the lock: a file that another process removes meanwhile is a sample not kept.
            if slots[position] and position not in found:
                with suppress(FileNotFoundError):
                    found[position] = self._path(position).read_bytes()
        return found

    def note(self, hits: Sequence[int], hit_seconds: float, misses: Sequence[int], seconds: float) -> None:
        """Count what was asked for.

        Args:
            hits: positions that were found here.
            hit_seconds: how long reading all of them took.
            misses: positions that were loaded.
            seconds: how long loading all of them took.
        """
        with self._table.locked():
            rows, totals = self.rows, self.totals[0]
            np.add.at(rows["uses"], [*hits, *misses], 1)
            totals["hits"] += len(hits)
            totals["misses"] += len(misses)
            totals["keep_cost"] *= 0.99  # so that it is measured again some time, if it was high
            if hits:
                totals["saved"] += rows["cost"][list(hits)].sum() - hit_seconds
                totals["hit_cost"] = _averaged(totals["hit_cost"], hit_seconds / len(hits))
            if misses:
                rows["cost"][list(misses)] = _averaged(rows["cost"][list(misses)], seconds / len(misses))
            self._age(len(hits) + len(misses))

    def offer(self, position: int, sample: Any) -> bool:
        """Keep a sample if there is room, or if it is worth more than others; return whether it is kept."""
        started = time.perf_counter()
        try:
            content = pack_sample(sample)
        except Exception:  # whatever a class of the user's raises: such a sample is not kept
            return False
        is_kept = self._keep(position, content)
        if is_kept:
            totals = self.totals[0]
            # A single stall must not end the keeping, so it rises slowly; it falls at once.
            seconds = time.perf_counter() - started
            totals["keep_cost"] = min(1.1 * max(totals["keep_cost"], _FIRST_GUESS), seconds)
        return is_kept

    def _keep(self, position: int, content: bytes) -> bool:
        with self._table.locked():
            if self.rows["slot"][position]:
                if self._path(position).exists():
                    return True
                self._remove(position)  # booked by a process that was killed before it could write
            if not self._make_room(position, len(content)):
                return False
            self._add(position, len(content))
            try:
                self._write(position, content)
            except OSError:  # a full disk, most likely: the loading goes on without
                self._remove(position)
                return False
        return True

    def choose(self, positions: Sequence[int]) -> list[bool]:
        """Tell which samples are worth offering: packing one takes its time."""
        rows, totals = self.rows[list(positions)], self.totals[0]
        # Worth it if it pays back at the next use: what loading takes against keeping and reading again.
        is_slow = rows["cost"] > (totals["keep_cost"] or _FIRST_GUESS) + totals["hit_cost"]
        is_full = totals["bytes"] * (1 + 1 / max(1, totals["kept"])) > self.limit
        chosen = is_slow & ((rows["uses"] > 1) | (not is_full))
        return list(chosen.tolist())

    def _make_room(self, position: int, size: int) -> bool:
        if size > self.limit:
            return False
        row, totals = self.rows[position], self.totals[0]
        # Not counting this time: all others may come again before the epoch ends, too.
        worth = (row["uses"] - 1) * row["cost"] / max(1, size)
        while totals["bytes"] + size > self.limit:
            places = (totals["hand"] + np.arange(min(_LOOKED_AT, totals["kept"]))) % totals["kept"]
            totals["hand"] += len(places)
            others = self.rows["kept"][places]
            kept = self.rows[others]
            worths = kept["uses"] * kept["cost"] / np.maximum(1, kept["size"])
            least = int(worths.argmin())
            if worths[least] * _MARGIN >= worth or not self._remove(int(others[least])):
                return False
        return True

    def _add(self, position: int, size: int) -> None:
        rows, totals = self.rows, self.totals[0]
        totals["bytes"] += size
        rows["size"][position] = size
        rows["kept"][totals["kept"]] = position
        totals["kept"] += 1
        rows["slot"][position] = totals["kept"]

    def _remove(self, position: int) -> bool:
        try:
            self._path(position).unlink(missing_ok=True)
        except OSError:  # Windows does not delete a file while another process reads it
            return False
        rows, totals = self.rows, self.totals[0]
        last = int(rows["kept"][totals["kept"] - 1])
        slot = rows["slot"][position]
        rows["kept"][slot - 1], rows["slot"][last] = last, slot
        rows["slot"][position] = 0
        totals["kept"] -= 1
        totals["bytes"] -= rows["size"][position]
        return True

    def _write(self, position: int, content: bytes) -> None:
        path = self._path(position)
        unfinished = path.with_suffix(".part")
        try:
            unfinished.write_bytes(content)
            os.replace(unfinished, path)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise

    def _age(self, asked: int) -> None:
        """Let old uses count less, so that the cache follows when other samples come into use."""
        totals = self.totals[0]
        totals["since_ageing"] += asked
        if totals["since_ageing"] > 8 * len(self.rows):
            totals["since_ageing"] = 0
            self.rows["uses"] *= 0.5

    def _path(self, position: int) -> Path:
        return self.folder / f"{position}.sample"


def _averaged(before: Any, now: float) -> Any:
    return np.where(before == 0, now, 0.7 * before + 0.3 * now)
