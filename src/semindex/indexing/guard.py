"""Parses files so that a grammar that crashes, or never ends, costs one file its syntax tree and no more.

A file that is harmless (:mod:`semindex.parse.nesting`) is parsed where the caller is, like nearly all files.
Others are parsed in a process of their own, which the system ends when it takes too much time or memory. What
ends that process has no grammar used on it, and says so (:attr:`ParsedFile.stopped`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing

from msgspec import Struct
from msgspec.structs import replace

from semindex.errors import WorkerError
from semindex.indexing.executors.base import Failure
from semindex.indexing.executors.local import LocalExecutor
from semindex.indexing.memory import peak_bytes_of_ended
from semindex.parse.nesting import is_harmless
from semindex.parse.parser import parse_file
from semindex.types import ParsedFile, SourceFile

_ROOM_BYTES = 1_000_000_000
"""What the process may take besides what it has when it begins. Parsing by itself stops far below."""
_SECONDS = 10.0
_SECONDS_A_BYTE = 15e-6
"""Three to five times what a file may take before its grammar is stopped in good order."""
_CRASHED = "brought the grammar to crash"


class Guarded(Struct, frozen=True):
    """Files parsed, by their paths."""

    files: dict[str, ParsedFile]
    peak_bytes: int
    """Of the processes that were started for them."""


def parse_apart(sources: Iterable[SourceFile]) -> Guarded:
    """The files among ``sources`` that may do harm, parsed in another process; empty if all are harmless."""
    risky = [source for source in sources if not is_harmless(source)]
    if not risky:
        return Guarded({}, 0)
    executor = LocalExecutor(1)
    ended_before = peak_bytes_of_ended()
    parsed = {file.source.path: file for file in _outcomes(executor, risky)}
    for source in risky:
        if source.path not in parsed:
            reason = "could not be guarded, as no process could be started"
            parsed[source.path] = parse_file(source, refused=reason)
    # A process that crashed told no peak.
    ended = peak_bytes_of_ended()
    return Guarded(parsed, max(executor.peak_bytes, ended if ended > ended_before else 0))


def _outcomes(executor: LocalExecutor, risky: list[SourceFile]) -> Iterator[ParsedFile]:
    try:
        with closing(executor.run(_parse, risky, setup=_limit_process, in_flight=2)) as outcomes:
            for outcome in outcomes:
                if isinstance(outcome, Failure):
                    yield parse_file(outcome.item, refused=_CRASHED)
                else:
                    yield replace(outcome.result, source=outcome.item)
    except WorkerError:
        return


def _limit_process() -> None:
    """Limit the memory of this process, and have it die without a word."""
    with open(os.devnull, "wb") as nothing:  # noqa: PTH123 - needs a descriptor
        os.dup2(nothing.fileno(), 1)
        os.dup2(nothing.fileno(), 2)  # what allocates memory for trees complains there, and aborts
    if sys.platform != "win32":
        import resource

        import psutil

        _lower(resource.RLIMIT_CORE, 0)
        _lower(resource.RLIMIT_AS, int(psutil.Process().memory_info().vms) + _ROOM_BYTES)


def _lower(kind: int, limit: int) -> None:
    import resource

    _, highest = resource.getrlimit(kind)
    if highest == resource.RLIM_INFINITY or limit <= highest:
        resource.setrlimit(kind, (limit, highest))


def _parse(_: None, source: SourceFile) -> ParsedFile:
    """Parse a file within a time of which no grammar can keep the process from hearing."""
    if sys.platform == "win32":
        return _light(parse_file(source))
    import signal

    signal.setitimer(signal.ITIMER_PROF, _SECONDS + _SECONDS_A_BYTE * len(source.text))
    try:
        return _light(parse_file(source))
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _light(parsed: ParsedFile) -> ParsedFile:
    """What is sent back: the other side has the text."""
    return replace(parsed, source=replace(parsed.source, text=b""))
