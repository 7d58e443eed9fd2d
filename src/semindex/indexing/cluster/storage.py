"""Shared storage where workers leave segments for the coordinator: anything that fsspec reaches.

Who names no URL needs no such package.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from semindex.errors import UsageError, WorkerError

EXTRA = '--segments-url needs the package fsspec: pip install "semindex[cluster]"'
_SEGMENT = re.compile(r"[0-9a-f]{32}\.seg")


class SegmentStorage:
    """One folder of a file system, object store or the like."""

    def __init__(self, file_system: Any, folder: str, url: str) -> None:
        """Use :func:`open_storage`."""
        self._files = file_system
        self._folder = folder.rstrip("/")
        self._url = url

    def put(self, name: str, data: bytes) -> None:
        """Leave a file, over any that stood there.

        Raises:
            WorkerError: The storage refuses, or is out of reach; as with the other methods.
        """
        with self._used():
            self._files.makedirs(self._folder, exist_ok=True)
            self._files.pipe_file(f"{self._folder}/{name}", data)

    def get(self, name: str) -> bytes:
        """A file's bytes.

        Raises:
            FileNotFoundError: There is none.
        """
        with self._used():
            data: bytes = self._files.cat_file(f"{self._folder}/{name}")
            return data

    def remove(self, name: str) -> None:
        """Remove a file that is there."""
        with self._used():
            self._files.rm_file(f"{self._folder}/{name}")

    def purge(self) -> int:
        """Remove the segments that nobody fetched, left by workers that were given up; gives their number."""
        try:
            with self._used():
                found = [str(path).rpartition("/")[2] for path in self._files.ls(self._folder, detail=False)]
        except FileNotFoundError:
            return 0
        strays = [name for name in found if _SEGMENT.fullmatch(name)]
        for name in strays:
            self.remove(name)
        return len(strays)

    @contextmanager
    def _used(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except Exception as error:  # each file system of fsspec raises what it likes
            raise WorkerError(f"{self._url} cannot be used: {type(error).__name__}: {error}") from error


def open_storage(url: str) -> SegmentStorage:
    """The folder at a URL as fsspec writes it; it need not be there.

    Raises:
        UsageError: The extra is not installed, or no file system is known for such a URL.
    """
    try:
        from fsspec.core import url_to_fs  # noqa: TID251 - reaches the URL that a user names
    except ImportError as error:
        raise UsageError(f"{EXTRA} ({error})") from error
    try:
        file_system, folder = url_to_fs(url)
    except (ValueError, ImportError) as error:
        raise UsageError(f"--segments-url {url!r} cannot be used: {error}") from error
    return SegmentStorage(file_system, folder, url)
