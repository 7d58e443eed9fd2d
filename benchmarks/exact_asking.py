"""Asks ``semindex grep`` and ripgrep the same over the same files, for ``benchmarks.exact``.

Both search the tree where it is. What of it ripgrep would see and the walk of semindex leaves out is written
to a file of rules, so that ``rg --no-ignore --ignore-file RULES`` sees what the walk sees; this is checked.

ripgrep searches on all cores, as it does when a user calls it, and writes one file after another in any
order; what it wrote of each file is put in the order of paths before the two answers are compared. Questions
about lines of context are compared byte for byte with ``rg --sort=path`` instead.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from benchmarks.exact_patterns import Question
from semindex.exact.ordering import order_key
from semindex.exact.ripgrep import clean_environment
from semindex.source.walk import walk

_LISTS = ("--files-with-matches", "-l", "--files-without-match")
_SORTED = "--sort=path"


class Ran(Struct, frozen=True):
    """What a process left."""

    code: int
    out: bytes
    told: bytes
    """Standard error, without the name of the program."""
    seconds: float = 0.0


Program = Callable[[Sequence[str], Path], Ran]
"""Runs a program with some words in a folder."""


def started(name: str, before: Sequence[str], environment: Mapping[str, str]) -> Program:
    """A program that is started anew each time; its name is taken out of what it tells."""

    def run(words: Sequence[str], folder: Path) -> Ran:
        began = time.perf_counter()
        done = subprocess.run(
            [*before, *words], cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True
        )
        seconds = time.perf_counter() - began
        return Ran(done.returncode, done.stdout, nameless(name, done.stderr), seconds)

    return run


def ripgrep(program: str) -> Program:
    """ripgrep, without anybody's configuration."""
    return started("rg", [program, "--no-config"], clean_environment())


def nameless(name: str, told: bytes) -> bytes:
    """What a program told, without its name at the beginning of lines."""
    prefix = name.encode() + b": "
    return b"".join(line.removeprefix(prefix) for line in _lines(told))


class Outcome(Struct, frozen=True):
    """One question, and what both programs answered."""

    question: Question
    difference: str = ""
    """What is unequal, for people; empty when nothing is."""
    rg_differs: bool = False
    """Whether ripgrep answers otherwise in another order of files, and then as semindex does."""
    files: int = 0
    """How many have a match, by ripgrep."""
    searched: int = 0
    """How many semindex had ripgrep read."""
    seconds: float = 0.0
    rg_seconds: float = 0.0


class Tree:
    """A tree with an index, and the rules by which ripgrep sees of it what semindex sees."""

    def __init__(self, root: Path, index_dir: Path, rules: Path, program: str) -> None:
        self.root, self.index_dir, self.rules = root.resolve(), index_dir.resolve(), rules.resolve()
        self.rg = ripgrep(program)
        self.is_stale = True
        """Whether files have changed since they were listed."""
        self.look()

    def look(self) -> None:
        """List the files as they are now.

        Raises:
            SystemExit: ripgrep does not see the same files, whatever the rules say.
        """
        self.refs = walk(self.root).refs
        known = {os.fsencode(ref.path) for ref in self.refs}
        self.paths = [ref.path for ref in self.refs if not _is_hidden(ref.path)]
        every = self._listed("--no-ignore", "--hidden")
        self.rules.write_text("".join(map(_rule, _left_out(every, known))), "utf-8")
        self._words = ("--no-ignore", f"--ignore-file={self.rules}")
        seen = self._listed(*self._words)
        different = seen ^ set(map(os.fsencode, self.paths))
        if different:
            names = b", ".join(sorted(different)[:10]).decode("utf-8", "backslashreplace")
            raise SystemExit(f"{self.root}: only one program sees {len(different)} files, as {names}")
        self.is_stale = False

    @property
    def words(self) -> tuple[str, ...]:
        """The flags by which ripgrep sees the files as they are now."""
        if self.is_stale:
            self.look()
        return self._words

    def _listed(self, *flags: str) -> set[bytes]:
        return set(self.rg(["--files", "--null", *flags], self.root).out.split(b"\0")) - {b""}


def _is_hidden(path: str) -> bool:
    return path.startswith(".") or "/." in path


def _left_out(every: set[bytes], known: set[bytes]) -> list[bytes]:
    """Files of ``every`` that are not known; of a folder without known files the folder, with a slash."""
    folders = {b""}
    for path in known:
        while path := path.rpartition(b"/")[0]:
            folders.add(path)
    found: dict[bytes, None] = {}
    for path in sorted(every - known):
        parts = path.split(b"/")
        above = (b"/".join(parts[:end]) for end in range(1, len(parts)))
        alien = next((folder for folder in above if folder not in folders), None)
        found[path if alien is None else alien + b"/"] = None
    return list(found)


def _rule(path: bytes) -> str:
    """A line of a file of rules that names one path; of odd characters it takes any."""
    text = "".join(
        "?"
        if each == "\n" or "\udc80" <= each <= "\udcff"
        else f"\\{each}"
        if each in "\\*?[]{}! #"
        else each
        for each in os.fsdecode(path)
    )
    return f"/{text}\n"


def compare(
    tree: Tree, question: Question, semindex: Program, *, rg_first: bool = False, plans: bool = True
) -> Outcome:
    """Ask both; all that they write is compared, and exit codes; with ``plans``, also ask what is read.

    Right after an edit semindex is asked first, before the files are listed.
    """
    is_raw = question.sort == "looks"
    own_words = [*_form(question), *question.words, f"--index-dir={tree.index_dir}"]
    own = None if rg_first and not tree.is_stale else semindex(["grep", *own_words], tree.root)
    rg_words = [*tree.words, *_form(question), *question.words, *([_SORTED] if is_raw else [])]
    theirs = tree.rg(rg_words, tree.root)
    own = own or semindex(["grep", *own_words], tree.root)
    parts = {path: text for path, text in _blocks(theirs.out, question)}
    expected = theirs.out if is_raw else b"".join(parts[path] for path in sorted(parts, key=order_key))
    difference = _difference(own, replace(theirs, out=expected))
    rg_differs = False
    if difference:
        again = tree.rg([*rg_words, _SORTED], tree.root)
        difference = _difference(own, again)
        rg_differs = not difference or _agrees_by_file(tree, question, own, again)
    searched = _searched(tree, own_words, semindex) if plans else 0
    told = (
        "" if rg_differs or not difference else difference + repeated(tree, own_words, [*rg_words, _SORTED])
    )
    return Outcome(question, told, rg_differs, len(parts), searched, own.seconds, theirs.seconds)


def _form(question: Question) -> list[str]:
    """What makes lines that tell where they stand; of a list of files each path ends in a NUL byte."""
    is_plain = question.sort != "looks" and not set(_LISTS).intersection(question.flags)
    return ["--null", *(["--line-number"] if is_plain else [])]


def _blocks(out: bytes, question: Question) -> Iterable[tuple[bytes, bytes]]:
    """What was written of each file."""
    if set(_LISTS).intersection(question.flags):
        return ((path, path + b"\0") for path in out.split(b"\0") if path)
    found: dict[bytes, list[bytes]] = {}
    path = b""
    for line in _lines(out):
        before, nul, _ = line.partition(b"\0")
        path = before if nul else path  # what ripgrep says of a binary file stands below its lines
        found.setdefault(path, []).append(line)
    return ((path, b"".join(lines)) for path, lines in found.items())


def _lines(out: bytes) -> list[bytes]:
    *whole, last = out.split(b"\n")
    return [line + b"\n" for line in whole] + ([last] if last else [])


def _difference(own: Ran, theirs: Ran) -> str:
    """What is unequal, with the first lines that only one of them has."""
    if (own.code, own.out, own.told) == (theirs.code, theirs.out, theirs.told):
        return ""
    told = [f"exit code {own.code}, ripgrep's {theirs.code}"] if own.code != theirs.code else []
    for stream in ("out", "told"):
        ours, others = (_lines(getattr(each, stream)) for each in (own, theirs))
        told += _only("semindex", ours, others) + _only("ripgrep", others, ours)
    return "\n".join(told or ["the same lines in another order or number"])


def _only(name: str, lines: Sequence[bytes], others: Sequence[bytes]) -> list[str]:
    known = set(others)
    return [f"only {name}: {line[:200]!r}" for line in lines if line not in known][:3]


def _agrees_by_file(tree: Tree, question: Question, own: Ran, theirs: Ran) -> bool:
    """Whether ripgrep, too, can say what semindex says of each file in which they differ.

    ripgrep does not always say the same: of a file with a NUL byte beyond the first 64 KiB it shows more or
    less, depending on the longest line that the same thread has read before, which makes its buffer longer.
    """
    if own.code == 2 or theirs.code == 2 or own.told != theirs.told:
        return False
    ours, others = (_separate(each.out, question) for each in (own, theirs))
    different = [path for path in {**ours, **others} if ours.get(path) != others.get(path)]
    words = [*_form(question), *question.words]
    for path in different[:20]:
        answers = by_buffer(tree, words, os.fsdecode(path))
        if ours.get(path) not in (_separate(each.out, question).get(path) for each in answers):
            return False
    return True


def _separate(out: bytes, question: Question) -> dict[bytes, bytes]:
    """What was written of each file, without the line between it and the next."""
    return {path: text.removesuffix(b"--\n") for path, text in _blocks(out, question)}


def by_buffer(tree: Tree, words: Sequence[str], path: str) -> Iterable[Ran]:
    """Ask ripgrep of one file: with its usual buffer, and with buffers that hold longer lines."""
    folder, _, name = path.rpartition("/")
    rule = os.fsdecode(_rule(os.fsencode(name)))[1:].rstrip("\n")
    only = ["--no-ignore", "--hidden", "--max-depth=1", f"--glob={rule}", "--with-filename", _SORTED]
    longest = (tree.root / path).stat().st_size
    with tempfile.TemporaryDirectory() as scratch:
        length = 0
        while length < 2 * longest:
            Path(scratch, name).write_bytes(b"x" * length)
            ran = tree.rg([*only, *words, "--", scratch, folder or "."], tree.root)
            yield (
                ran
                if folder
                else replace(ran, out=ran.out.replace(b"./" + os.fsencode(path), os.fsencode(path)))
            )
            length = 2 * length or 1 << 16


def _searched(tree: Tree, words: Sequence[str], semindex: Program) -> int:
    plan = semindex(["grep", *words, "--plan"], tree.root)
    told = re.search(rb"^searched: ([\d,]+)", plan.out, re.MULTILINE)
    return int(told[1].replace(b",", b"")) if told else 0


def repeated(tree: Tree, own: Sequence[str], theirs: Sequence[str]) -> str:
    """How to ask both again."""
    folder = shlex.quote(str(tree.root))
    return f"\n(cd {folder} && semindex grep {shlex.join(own)})\n(cd {folder} && rg {shlex.join(theirs)})"
