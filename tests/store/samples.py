"""Records for the catalog's tests, and a model of what a catalog should say."""

from __future__ import annotations

import hashlib

from semindex.store.records import NewFile, NewSegment, SkippedFile
from semindex.types import FileFailure, FileRef, SkipReason


def ref(path: str, *, time: int = 1_700_000_000_000_000_000, inode: int = 7) -> FileRef:
    return FileRef(path=path, size_bytes=100 + len(path), mtime_ns=time, ctime_ns=time + 1, inode=inode)


def new_file(path: str, ordinal: int, *, content: str = "", chunks: int = 2) -> NewFile:
    return NewFile(
        ref=ref(path),
        digest=hashlib.md5(f"{path}{content}".encode("utf-8", "surrogateescape")).digest(),
        analysis="s1.t1",
        language="python" if path.endswith(".py") else "text",
        ordinal=ordinal,
        chunks=chunks,
    )


def segment_name(number: int) -> str:
    return f"{number:032x}.seg"


def new_segment(number: int, *paths: str, content: str = "", chunks: int = 2) -> NewSegment:
    files = [new_file(path, i, content=content, chunks=chunks) for i, path in enumerate(paths)]
    return NewSegment(
        name=segment_name(number), nbytes=1000 * number, chunks=chunks * len(files), files=files
    )


def skipped(path: str, reason: SkipReason = SkipReason.BINARY, *, seen: bool = True) -> SkippedFile:
    failure = FileFailure(path, "read", reason, f"about {path}", ref(path) if seen else None)
    return SkippedFile(failure, analysis="skip1")
