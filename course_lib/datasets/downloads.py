"""Download contents, several at a time, and try again where that can help (lesson 07)."""

import asyncio
import hashlib
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import fsspec  # type: ignore[import-untyped]
from fsspec.asyn import sync  # type: ignore[import-untyped]

_BUSY = (408, 425, 429)  # HTTP: of all answers that blame the request, these may be others later
_PERMANENT = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
_MISTAKES = (ValueError, TypeError, ImportError, NotImplementedError)


class ChecksumError(ValueError):
    """A content that is not what was announced."""


@dataclass(frozen=True)
class Source:
    """How contents are downloaded.

    Attributes:
        storage_options: for fsspec, such as credentials.
        max_retries: further tries after an error that may pass.
        backoff: seconds before the first of them; each further one waits twice as long.
        timeout: seconds for one try; local files have none.
    """

    storage_options: Mapping[str, Any] = field(default_factory=dict)
    max_retries: int = 3
    backoff: float = 0.5
    timeout: float = 30.0

    def download(self, url: str, checksum: str | None = None) -> bytes:
        """Return the content of a URL.

        Args:
            url: any that fsspec knows.
            checksum: "sha256:…" in hexadecimal, or another algorithm of `hashlib`; None checks nothing.

        Raises:
            FileNotFoundError: there is no such content.
            PermissionError: it may not be read.
            ChecksumError: the content was another one, at every try.
            TimeoutError: the last try took too long.
            ConnectionError: any other failure.
        """
        for attempt in range(self.max_retries + 1):
            try:
                content = self._read(url)
                check_content(content, checksum)
                return content
            except Exception as error:
                if attempt == self.max_retries or not _may_pass(error):
                    # The original shows the whole URL, in which there may be a key.
                    cause = error if without_secrets(url) == url else None
                    raise _explained(error, url, attempt + 1) from cause
            time.sleep(self.backoff * 2**attempt)
        raise AssertionError("the last attempt returns or raises")  # pragma: no cover

    def _read(self, url: str) -> bytes:
        # Looked up each time: a file system must not be used in a process forked after it was made.
        files, path = fsspec.core.url_to_fs(url, **self.storage_options)
        if files.async_impl:
            content = sync(files.loop, files._cat_file, path, timeout=self.timeout)
        else:
            content = files.cat_file(path)
        return bytes(content)


class Downloads:
    """Run downloads in threads, at most so many at a time, and none twice at the same time.

    A thread ends when nothing is left to do, and does not keep the program from ending.

    Args:
        parallel: number of threads.
    """

    def __init__(self, parallel: int) -> None:
        self._parallel = parallel
        self._lock = threading.Lock()
        self._queue: deque[tuple[int, Callable[[], bytes]]] = deque()
        self._running: dict[int, Future[bytes]] = {}  # waiting ones as well
        self._threads = 0

    def start(self, key: int, download: Callable[[], bytes]) -> "Future[bytes]":
        """Begin a download, or join the one that is under way under this key."""
        with self._lock:
            if key in self._running:
                return self._running[key]
            future = self._running[key] = Future()
            self._queue.append((key, download))
            if self._threads < self._parallel:
                self._threads += 1
                threading.Thread(target=self._work, daemon=True, name="course-download").start()
        return future

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._queue:
                    self._threads -= 1
                    return
                key, download = self._queue.popleft()
                future = self._running[key]
            try:
                content, failure = download(), None
            except BaseException as error:  # whoever waits shall hear of it
                content, failure = b"", error
            with self._lock:
                del self._running[key]
            if failure is None:
                future.set_result(content)
            else:
                future.set_exception(failure)


def check_content(content: bytes, checksum: str | None) -> None:
    """Compare a content with its checksum.

    Raises:
        ChecksumError: if they do not fit.
    """
    if checksum is None:
        return
    algorithm, _, expected = checksum.rpartition(":")
    found = hashlib.new(algorithm or "sha256", content).hexdigest()
    if found != expected.lower():
        raise ChecksumError(f"its checksum is {found}, and {expected} was expected")


def without_secrets(url: str) -> str:
    """Return a URL for a message: without user, password and query, which may hold a key."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _may_pass(error: Exception) -> bool:
    if isinstance(error, ChecksumError):
        return True
    status = getattr(error, "status", None)
    if isinstance(status, int) and 400 <= status < 500:
        return status in _BUSY
    return not isinstance(error, _PERMANENT + _MISTAKES)


def _explained(error: Exception, url: str, tries: int) -> Exception:
    """Make an exception that says which URL it was, how often it was tried, and what to do."""
    reason = (str(error) or type(error).__name__).replace(url, without_secrets(url))
    url = without_secrets(url)
    if isinstance(error, FileNotFoundError):
        return FileNotFoundError(
            f"{url} does not exist. Every URL names one content. Check the list of URLs."
        )
    if isinstance(error, PermissionError) or getattr(error, "status", None) in (401, 403):
        return PermissionError(f"{url} may not be read: {reason}. Pass credentials in storage_options.")
    if isinstance(error, ChecksumError):
        return ChecksumError(
            f"{url} came with another content than announced, in {tries} tries: {reason}. Nothing of it was "
            "kept. Check the checksum, and whether the content was replaced."
        )
    if isinstance(error, _MISTAKES):
        mistake = next(kind for kind in _MISTAKES if isinstance(error, kind))
        return mistake(f"{url} cannot be downloaded: {reason}. Check the URL and storage_options.")
    kind = TimeoutError if isinstance(error, TimeoutError | asyncio.TimeoutError) else ConnectionError
    return kind(
        f"{url} could not be downloaded in {tries} tries; the last one ended with {type(error).__name__}: "
        f"{reason}. Check the connection and the server, or allow more max_retries or a longer timeout."
    )
