"""Shared storage through which workers send segments to the coordinator: whatever fsspec can reach.

The package ``fsspec`` comes with the extra ``cluster`` and is imported when a URL is opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from semindex.errors import UsageError, WorkerError

EXTRA = '--segments-url needs the package fsspec: pip install "semindex[cluster]"'
_SEGMENT = r"[0-9a-f]{32}\.seg"


class SegmentStorage:
    """A folder of a file system or an object store, opened by :func:`open_storage`.

    Every method raises :class:`WorkerError` if the storage cannot be reached or refuses.
    """

    def __init__(self, file_system: Any, folder: str, url: str) -> None:
        """Take fsspec's file system and the folder in it; ``url`` is for messages."""
        self._files = file_system
        self._folder = folder.rstrip("/")
        self._url = url

    def put(self, name: str, data: bytes) -> None:
        """Write a file, in place of any of the same name."""
        with self._storage_errors():
            self._files.makedirs(self._folder, exist_ok=True)
            self._files.pipe_file(f"{self._folder}/{name}", data)

    def get(self, name: str) -> bytes:
        """The bytes of a file.

        Raises:
            FileNotFoundError: There is no such file.
        """
        with self._storage_errors():
            data: bytes = self._files.cat_file(f"{self._folder}/{name}")
            return data

    def remove(self, name: str) -> None:
        """Remove a file."""
        with self._storage_errors():
            self._files.rm_file(f"{self._folder}/{name}")

    def purge(self) -> int:
        """Remove segments that nobody fetched, which lost workers have left; gives their number."""
        try:
            with self._storage_errors():
                found = [str(path).rpartition("/")[2] for path in self._files.ls(self._folder, detail=False)]
        except FileNotFoundError:
            return 0
        strays = [name for name in found if re.fullmatch(_SEGMENT, name)]
        for name in strays:
            self.remove(name)
        return len(strays)

    @contextmanager
    def _storage_errors(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except Exception as error:  # the errors of fsspec's file systems have no narrower base
            raise WorkerError(f"{self._url} cannot be used: {type(error).__name__}: {error}") from error


def open_storage(url: str) -> SegmentStorage:
    """The storage at a URL in fsspec's notation; the folder need not exist.

    Raises:
        UsageError: The extra is not installed, or fsspec knows no file system for the URL.
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
