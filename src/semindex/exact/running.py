"""Runs several ripgreps over batches of files, and hands on what they print in the order of the files."""

from __future__ import annotations

import os
import re
import subprocess  # noqa: TID251 - runs ripgrep, found by semindex.exact.ripgrep, without a shell
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from queue import Queue
from typing import Any

from msgspec import Struct

from semindex.errors import QueryError
from semindex.exact.asking import Asking
from semindex.exact.batches import Batch, File, cut
from semindex.exact.gathering import MOST_FILES, gathered, in_order
from semindex.exact.summaries import Summaries
from semindex.exact.walkargs import words_for
from semindex.process.interrupts import held_interrupts

FOUND, NOTHING, FAILED = 0, 1, 2
_CHUNK_BYTES = 1 << 16
_WAITING_CHUNKS = 256
"""What a run has printed before its turn waits in memory up to 16 MB; then the run waits."""
_GONE = re.compile(rb"rg: (?P<path>.*): [^:\n]* \(os error (?:2|3|20)\)\n", re.DOTALL)
"""A file or folder that was there when the files were listed: Unix and Windows number it so."""


class Outcome(Struct, frozen=True):
    """What ripgrep's runs came to."""

    code: int
    """As ripgrep's: 0 something was found, 1 nothing, 2 there were errors."""
    errors: tuple[bytes, ...] = ()
    """What it wrote to standard error, without its name in front."""


class _Run:
    """One ripgrep at work on a batch."""

    def __init__(self, asking: Asking, batch: Batch, *, threads: int = 1, inherits: bool = False) -> None:
        words: list[str | bytes] = [*asking.words, f"--threads={threads}"]
        if batch.by_walking:
            flags, places = words_for(batch.files[0])
            words += [*flags, "--", *places]
        else:
            words += ["--", *batch.files]
        self.process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=None if inherits else subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=asking.folder,
            env=asking.environment,
        )
        self.said = b""
        self._printed: Queue[bytes] = Queue(_WAITING_CHUNKS)
        self._threads = [threading.Thread(target=self._take_errors, daemon=True)]
        if not inherits:
            self._threads.append(threading.Thread(target=self._take_output, daemon=True))
        for thread in self._threads:
            thread.start()

    def output(self) -> Iterator[bytes]:
        """What it prints, piece by piece, to its end."""
        while chunk := self._printed.get():
            yield chunk

    def wait(self) -> int:
        """Its exit code, once it has ended; all that it said is known then."""
        code = self.process.wait()
        for thread in self._threads:
            thread.join()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        return code

    def stop(self) -> None:
        """End it, whatever it is doing."""
        with suppress(OSError):
            self.process.kill()
        if self.process.stdout is not None:
            while self._threads[1].is_alive():
                with suppress(Exception):
                    self._printed.get(timeout=0.01)
        self.wait()

    def _take_output(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while chunk := os.read(stream.fileno(), _CHUNK_BYTES):
            self._printed.put(chunk)
        self._printed.put(b"")

    def _take_errors(self) -> None:
        assert self.process.stderr is not None
        self.said = self.process.stderr.read()


@contextmanager
def _started(asking: Asking, batch: Batch, **how: Any) -> Iterator[_Run]:
    """A run, which is stopped if what is done with it fails."""
    at_work: _Run | None = None
    try:
        with held_interrupts():
            at_work = _Run(asking, batch, **how)
        yield at_work
    except BaseException:
        if at_work is not None:
            at_work.stop()
        raise


def run(
    asking: Asking, files: Sequence[File], write: Callable[[bytes], None], *, descriptor: int | None = None
) -> Outcome:
    """Search the files and hand on what ripgrep prints, in the order of the files.

    Args:
        asking: What is asked.
        files: Where; without any only the pattern is checked.
        write: Is given the output piece by piece; what it raises ends the search.
        descriptor: A stream to which one run for few files prints by itself; it has what was written before.
    """
    batches = cut(files, asking.words, asking.environment, asking.processes)
    if not batches:
        outcome = _checked(asking)
        if asking.look.is_json and outcome.code != FAILED:
            write(Summaries().line())
        return outcome
    if len(batches) == 1 and descriptor == 1 and not asking.look.is_json:
        return _alone(asking, batches[0])
    if asking.look.is_json and len(files) <= MOST_FILES and not any(file.by_walking for file in files):
        done = _at_once(asking, files, write)
        if done is not None:
            return done
    return _Sequence(asking, write).run(batches)


def _at_once(asking: Asking, files: Sequence[File], write: Callable[[bytes], None]) -> Outcome | None:
    """One run on all cores for few files; None if it does not fit a command line, or prints too much."""
    whole = cut(files, asking.words, asking.environment, processes=0)
    if len(whole) != 1:
        return None
    with _started(asking, whole[0], threads=asking.processes) as at_work:
        printed = gathered(at_work.output())
        if printed is None:
            at_work.stop()
            return None
        code = at_work.wait()
    summaries = Summaries()
    found = False
    for block in summaries.without(in_order(printed, files)):
        write(block)
        found = True
    if summaries.is_whole:
        write(summaries.line())
    return _outcome(code, at_work.said, found=found)


def run_on_text(asking: Asking, text: bytes, write: Callable[[bytes], None]) -> Outcome:
    """Search a text in place of files, and hand on all that ripgrep prints."""
    done = subprocess.run(
        [*asking.words, "--", "-"],
        input=text,
        capture_output=True,
        cwd=asking.folder,
        env=asking.environment,
        check=False,
    )
    write(done.stdout)
    return _outcome(done.returncode, done.stderr, found=bool(done.stdout))


def unread(outcome: Outcome) -> list[str]:
    """Notes on the files that could not be read.

    Raises:
        QueryError: The question itself is wrong, in the words of ripgrep.
    """
    notes = []
    for error in outcome.errors:
        told = error.decode("utf-8", "replace")
        if "(os error" not in told:
            raise QueryError(told)
        notes.append(f"not searched: {told}")
    return notes


def listed(asking: Asking, paths: Sequence[bytes]) -> tuple[frozenset[bytes], Outcome]:
    """Those of some paths that ripgrep lists, on all cores."""
    found: set[bytes] = set()
    outcomes = []
    for batch in cut([File(path) for path in paths], asking.words, asking.environment, processes=0):
        with _started(asking, batch, threads=asking.processes) as at_work:
            found.update(path for path in b"".join(at_work.output()).split(b"\0") if path)
            code = at_work.wait()
        outcomes.append(_outcome(code, at_work.said, found=bool(found)))
    return frozenset(found), _together(outcomes)


def _checked(asking: Asking) -> Outcome:
    """What ripgrep says of the pattern alone."""
    with _started(asking, Batch((os.fsencode(os.devnull),))) as at_work:
        for _ in at_work.output():
            pass
        code = at_work.wait()
    return _outcome(code if code == FAILED else NOTHING, at_work.said, found=False)


def _alone(asking: Asking, batch: Batch) -> Outcome:
    """The outcome of one run that prints to this process's standard output."""
    with _started(asking, batch, inherits=True) as at_work:
        code = at_work.wait()
    outcome = _outcome(code, at_work.said, found=False)
    if code == FAILED and not outcome.errors:
        # A file is gone since it was listed. Whether others had something it does not tell.
        found, _ = listed(asking.listing(), batch.files)
        return Outcome(FOUND if found else NOTHING)
    return outcome


class _Sequence:
    """Several runs, of which one after the other is heard."""

    def __init__(self, asking: Asking, write: Callable[[bytes], None]) -> None:
        self._asking = asking
        self._write = write
        self._has_written = False
        self._summaries = Summaries() if asking.look.is_json else None

    def run(self, batches: Sequence[Batch]) -> Outcome:
        """Search the batches."""
        waiting, at_work = deque(batches), deque[_Run]()
        outcomes: list[Outcome] = []
        try:
            while waiting or at_work:
                while waiting and len(at_work) <= self._asking.processes:
                    with held_interrupts():
                        at_work.append(_Run(self._asking, waiting.popleft()))
                found = self._hand_on(at_work[0])
                outcomes.append(_outcome(at_work[0].wait(), at_work[0].said, found=found))
                at_work.popleft()
                if self._asking.look.stops_early and outcomes[-1].code == FOUND:
                    break
            if self._summaries is not None and self._summaries.is_whole:
                self._write(self._summaries.line())
        finally:
            for each in at_work:
                each.stop()
        return _together(outcomes)

    def _hand_on(self, at_work: _Run) -> bool:
        """Write what a run prints; whether that was anything."""
        printed = at_work.output()
        if self._summaries is not None:
            printed = self._summaries.without(printed)
        found = False
        for chunk in printed:
            if not found and self._has_written and self._asking.look.separator is not None:
                self._write(self._asking.look.separator)
            self._write(chunk)
            found = self._has_written = True
        return found


def _outcome(code: int, said: bytes, *, found: bool) -> Outcome:
    """The outcome of one run; files that are gone since they were listed are no errors."""
    if code not in (FOUND, NOTHING, FAILED):
        return Outcome(FAILED, (b"ripgrep failed with exit code %d:\n%s" % (code, said.strip()),))
    kept = _GONE.sub(b"", said) if b"os error" in said else said
    errors = tuple(line.removeprefix(b"rg: ") for line in _messages(kept))
    if code == FAILED and not errors and said:
        code = FOUND if found else NOTHING
    return Outcome(code, errors)


def _messages(said: bytes) -> list[bytes]:
    """What was written to standard error as messages, some of them of several lines."""
    parts = re.split(rb"^(?=rg: )", said, flags=re.MULTILINE)
    return [part.rstrip(b"\n") for part in parts if part.strip()]


def _together(outcomes: Sequence[Outcome]) -> Outcome:
    codes = {outcome.code for outcome in outcomes}
    errors = tuple(dict.fromkeys(error for outcome in outcomes for error in outcome.errors))
    other = next((code for code in codes if code not in (FOUND, NOTHING)), None)
    return Outcome(other if other is not None else FOUND if FOUND in codes else NOTHING, errors)
