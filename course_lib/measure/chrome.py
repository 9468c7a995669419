"""Timelines as files for Perfetto and chrome://tracing (lesson 12).

The trace event format is documented by Google: "Trace Event Format", complete events (phase X) and metadata
events (phase M). Its times are microseconds.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from course_lib.measure.spans import Span, rows_in_order
from course_lib.whole_file import write_whole

_PROCESS = 1


def save_chrome(spans: Sequence[Span], path: str | os.PathLike[str]) -> None:
    """Write spans as a Chrome trace: a track for each row, an event for each span.

    Args:
        spans: the spans of a timeline.
        path: the JSON file to write.

    Raises:
        OSError: it cannot be written. The message names the file; one that was there before is there still.
    """
    tracks = {row: place for place, row in enumerate(rows_in_order(spans), start=1)}
    events = [
        _metadata("process_name", 0, name="loading and training"),
        *(_metadata("thread_name", track, name=row) for row, track in tracks.items()),
        *(_metadata("thread_sort_index", track, sort_index=track) for track in tracks.values()),
        *(_event(span, tracks[span.row]) for span in spans),
    ]
    text = json.dumps({"traceEvents": events, "displayTimeUnit": "ms"})
    write_whole(Path(path), text.encode())


def _metadata(kind: str, track: int, **arguments: Any) -> dict[str, Any]:
    return {"ph": "M", "pid": _PROCESS, "tid": track, "name": kind, "args": arguments}


def _event(span: Span, track: int) -> dict[str, Any]:
    return {
        "ph": "X",
        "pid": _PROCESS,
        "tid": track,
        "name": span.stage,
        "cat": "loading",
        "ts": span.begin * 1e6,
        "dur": (span.end - span.begin) * 1e6,
        "args": {} if span.batch is None else {"batch": span.batch},
    }
