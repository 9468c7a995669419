"""Samples in a cloud store, with a cache on this machine (lesson 07)."""

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

import fsspec  # type: ignore[import-untyped]

from course_lib.datasets.base import Dataset, Indices, plain_index
from course_lib.datasets.decoding import decode_by_ending
from course_lib.datasets.downloads import ChecksumError, Downloads, Source, check_content, without_secrets
from course_lib.datasets.file_cache import FileCache
from course_lib.datasets.packed import PackedStrings
from course_lib.datasets.transform import check_transform

PathLike = str | os.PathLike[str]

# Parts of the names of options that say who asks for a content, or how, and not which content it is.
_IDENTITY = ("key", "secret", "token", "pass", "user", "anon", "cred", "auth", "timeout", "cache", "session")


class CloudStorageDataset(Dataset[Any]):
    """Download samples when they are asked for, into a folder that workers and programs share (lesson 07).

    Sample i is the decoded content of `urls[i]`. The URLs of a batch are downloaded in parallel. A content
    in the cache is not asked for again, so a store whose contents change needs another `cache_dir` then.
    Errors are raised when the sample is asked for; wrap the dataset into RobustDataset to go on without.

    Args:
        urls: any that fsspec reads: "https://…", "s3://bucket/key", a path, …
        cache_dir: the folder of the cache; made if missing. The cache holds its limit at every moment,
            survives processes that are killed, and lets go what was not read for longest. If it cannot be
            written, a warning says so and what is not in it is downloaded each time.
        cache_size_gb: its limit, in units of 10^9 bytes.
        decode: turns the bytes of a content into a sample. None decodes by the ending of the URL, and refuses
            pickles: they would run whatever the server sends.
        checksums: for each URL "algorithm:hexadecimal digits", such as "sha256:9f86…", or None. Contents are
            checked when they are downloaded and when they come from the cache.
        storage_options: passed to fsspec, such as `{"key": …, "secret": …}` or `{"anon": True}` for s3.
        max_retries: further tries after an error that may pass: a timeout, a lost connection, a cut-off or
            wrong content, an error of the server.
        backoff: seconds before the first of them; each further one waits twice as long.
        timeout: seconds for one try.
        parallel: how many downloads run at the same time in each process.

    Raises:
        ValueError: if there is no URL, a protocol is unknown, a number is out of its range, or the checksums
            are not as many; on reading, if the content has another checksum or cannot be decoded.
        TypeError: if `urls` is one string, or `decode` cannot be called.
        ImportError: if fsspec needs another package for a protocol.
        FileNotFoundError: on reading, if there is no such content.
        OSError: on reading, if the download failed: ConnectionError, TimeoutError or PermissionError.

    Attributes:
        urls: the URLs, a dataset of strings.
    """

    def __init__(
        self,
        urls: Iterable[str],
        cache_dir: PathLike,
        cache_size_gb: float = 10,
        decode: Callable[[bytes], Any] | None = None,
        *,
        checksums: Sequence[str | None] | None = None,
        storage_options: Mapping[str, Any] | None = None,
        max_retries: int = 3,
        backoff: float = 0.5,
        timeout: float = 30.0,
        parallel: int = 8,
    ) -> None:
        check_transform("decode", decode)
        _check_numbers(cache_size_gb=cache_size_gb, timeout=timeout, parallel=parallel)
        _check_numbers(max_retries=max_retries, backoff=backoff, zero_allowed=True)
        self.urls = _checked_urls(urls)
        self.checksums = _checked_checksums(checksums, len(self.urls))
        self.decode = decode
        self.parallel = parallel
        self._source = Source(dict(storage_options or {}), max_retries, backoff, timeout)
        self._store = _name_of_store(storage_options or {})
        self._cache = FileCache(Path(cache_dir).absolute(), int(cache_size_gb * 1e9))
        self._own: tuple[int, Downloads] | None = None

    def __getitem__(self, index: int) -> Any:
        return CloudStorageDataset.__getitems__(self, [index])[0]

    def __getitems__(self, indices: Indices) -> list[Any]:
        """Return the samples at `indices`; what is not in the cache is downloaded in parallel."""
        positions = [plain_index(index, len(self)) for index in indices]
        contents: dict[int, bytes] = {}
        under_way = {}
        for position in dict.fromkeys(positions):
            url, checksum = self.urls[position], self._checksum(position)
            content = self._from_cache(url, checksum)
            if content is None:
                under_way[position] = self._start(position, url, checksum)
            else:
                contents[position] = content
        for position, download in under_way.items():
            contents[position] = download.result()
        return [self._decoded(position, contents[position]) for position in positions]

    def __len__(self) -> int:
        return len(self.urls)

    def prefetch(self, indices: Indices) -> None:
        """Begin to download samples into the cache, and do not wait.

        Whoever asks for one of them meanwhile waits for this download and starts no other. One that fails is
        tried again when it is asked for, and raises then.

        Args:
            indices: which samples, in the order in which they should come.

        Raises:
            IndexError: if an index lies outside the dataset.
        """
        for index in indices:
            position = plain_index(index, len(self))
            url = self.urls[position]
            if self._cache.writable and not self._cache.holds(self._key(url)):
                self._start(position, url, self._checksum(position))

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_own": None}

    def _start(self, position: int, url: str, checksum: str | None) -> "Future[bytes]":
        # Threads and their locks do not survive a fork: each process has downloads of its own.
        if self._own is None or self._own[0] != os.getpid():
            self._own = os.getpid(), Downloads(self.parallel)
        return self._own[1].start(position, partial(self._download, url, checksum))

    # Runs in a thread for which a program does not wait when it ends. URL and checksum are read before: a
    # thread that is in the middle of an operation of torch when the interpreter goes aborts the program.
    def _download(self, url: str, checksum: str | None) -> bytes:
        # It may have come between the question and now, by this process or another.
        content = self._from_cache(url, checksum)
        if content is None:
            content = self._source.download(url, checksum)
            self._cache.write(self._key(url), content)
        return content

    def _from_cache(self, url: str, checksum: str | None) -> bytes | None:
        key = self._key(url)
        content = self._cache.read(key)
        if content is not None:
            try:
                check_content(content, checksum)
            except ChecksumError:
                self._cache.remove(key)
                return None
        return content

    def _decoded(self, position: int, content: bytes) -> Any:
        url = self.urls[position]
        try:
            return decode_by_ending(content, url) if self.decode is None else self.decode(content)
        except Exception as error:
            error.add_note(f"This happened while the content of {without_secrets(url)} was decoded.")
            raise

    def _checksum(self, position: int) -> str | None:
        return None if self.checksums is None else (self.checksums[position] or None)

    def _key(self, url: str) -> str:
        return f"{self._store} {url}"


def _checked_urls(urls: Iterable[str]) -> PackedStrings:
    packed = PackedStrings(urls)
    if len(packed) == 0:
        raise ValueError(
            "urls holds no URL. A dataset needs at least one sample. Check how the list is made."
        )
    # In another folder the same relative path is another file, and the cache may be the same.
    packed = PackedStrings(
        url if fsspec.core.split_protocol(url)[0] else os.path.abspath(url) for url in packed
    )
    for protocol in {fsspec.core.split_protocol(url)[0] or "file" for url in packed}:
        fsspec.get_filesystem_class(protocol)  # says which package is missing, or that nobody knows it
    return packed


def _checked_checksums(checksums: Sequence[str | None] | None, count: int) -> PackedStrings | None:
    if checksums is None:
        return None
    if len(checksums) != count:
        raise ValueError(
            f"There are {count} URLs and {len(checksums)} checksums. Each URL has one, or None. Pass as many."
        )
    for checksum in checksums:
        algorithm, _, digits = (checksum or "sha256:0").rpartition(":")
        if (algorithm or "sha256") not in hashlib.algorithms_available or not _is_hexadecimal(digits):
            raise ValueError(
                f"checksums holds {checksum!r}. A checksum is an algorithm of hashlib and hexadecimal "
                'digits. Pass for example "sha256:" + hashlib.sha256(content).hexdigest().'
            )
    return PackedStrings(checksum or "" for checksum in checksums)


def _is_hexadecimal(digits: str) -> bool:
    return bool(digits) and set(digits.lower()) <= set("0123456789abcdef")


def _check_numbers(zero_allowed: bool = False, **numbers: Any) -> None:
    for name, value in numbers.items():
        kind = int if name in ("max_retries", "parallel") else int | float
        in_range = isinstance(value, kind) and (0 < value < 1e9 or (zero_allowed and value == 0))
        if not in_range or isinstance(value, bool):
            raise ValueError(
                f"{name} got {value!r}. It is a number {'from' if zero_allowed else 'above'} 0"
                f"{', and whole' if kind is int else ''}. Pass such a number, or leave it out."
            )


def _name_of_store(options: Mapping[str, Any]) -> str:
    """Name the store as far as the URL does not: contents of two stores must not be mixed up.

    Who asks, and how, is left out: a cache outlives a password.
    """
    told = _without_identity(options)
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16] if told else ""


def _without_identity(options: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return options, sorted, those within options as well, without those that say who asks."""
    told = []
    for name, value in sorted(options.items()):
        if not any(word in name.lower() for word in _IDENTITY):
            within = _without_identity(value) if isinstance(value, Mapping) else value
            told += [(name, within)] if within not in (None, []) else []
    return told
