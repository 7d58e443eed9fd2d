"""Does what people paste find its place? Messages, lines of code, log lines, stack traces, ``path:line``.

``python -m benchmarks.pasted CHECKOUT...`` draws pieces of each checkout whose text stands in one file only,
asks for them without quotes, and prints for each sort of piece how often that file comes first and how often
the first span shows the line. ``--details FILE`` writes a JSON line a query, ``--misses`` prints those that
failed. Everything is drawn with ``--seed``; a checkout is only read, and its index is temporary.

The sorts are what terminals and logs give: a message as its literal has it; a message with values in the
places of its format (``%s``, ``{}``, ``#{x}``); the same of constants with quotes in them too, behind the
class of an error or a program's name; a line of code; a log line with a time and a level before the
message; a stack trace in the form of the language, with frames of other code around those of the checkout
(wanted is the frame nearest to the error); and a path with a line.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from msgspec import Struct

import semindex
from benchmarks.quality.pasted import comment_lines
from semindex.errors import SemindexError
from semindex.parse.parser import parse_file
from semindex.source.languages import kind_of
from semindex.source.read import read_file
from semindex.source.walk import walk
from semindex.types import FileFailure, Kind, ParsedFile

SORTS = ("message", "message with values", "code line", "log line", "stack trace", "path:line", "error")
DEFAULT_LIMIT = 8
"""Pieces of each sort and checkout."""
MIN_WORDS = 4
_STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"|\'((?:[^\'\\\n]|\\.)*)\'|`([^`\\\n]*)`')
_CHARS = range(16, 161)
_WORD = re.compile(r"[^\W\d_]{2,}")
_VALUE = re.compile(
    r"%[-+ #0]*\d*(?:\.\d+)?(?:l{0,2}[dux]|[sdifuxXqvrcgp@])"
    r"|\$\{[^{}]*\}|#\{[^{}]*\}|\\\([^()]*\)|\{[^{}]*\}|\$\w+"
)
_VALUES = ("foo", "42", "user-7", "/tmp/data.bin", "0x1f", "main", "3.14", "localhost:8080")
_LOG_HEADS = (
    "2026-03-01 12:00:01,123 ERROR [main] app.core - ",
    "[2026-03-01T12:00:01Z ERROR app] ",
    "Mar  1 12:00:01 host app[4242]: ",
    "12:00:01.123 WARN  ",
)


_ERROR_HEADS = (
    "ValueError: ",
    "java.lang.IllegalStateException: ",
    "Uncaught TypeError: ",
    "System.InvalidOperationException: ",
    "fatal: ",
    "app: error: ",
)
_ESCAPED_QUOTE = re.compile(r"\\([\"'])")


class Piece(Struct, frozen=True):
    """Something to paste, and where it stands."""

    sort: str
    query: str
    path: str
    lines: tuple[int, ...]
    """Lines of which one is wanted; 1-based."""
    language: str


class Answer(Struct, frozen=True):
    """What a piece found."""

    piece: Piece
    file_first: bool
    span_first: bool
    found: str
    """The first hit as ``path:start-end``; empty when nothing was found."""
    milliseconds: float


class Source(Struct, frozen=True):
    """A parsed file of a checkout, and its lines."""

    parsed: ParsedFile
    lines: Sequence[str]
    commented: frozenset[int]

    @property
    def path(self) -> str:
        """The path from the checkout's root."""
        return self.parsed.source.path


def sources(root: Path) -> Iterator[Source]:
    """The code files of a checkout."""
    for ref in walk(root).refs:
        read = read_file(root, ref)
        if not isinstance(read, FileFailure) and kind_of(read.language) == "code":
            parsed = parse_file(read)
            yield Source(parsed, read.text.decode("utf-8", "replace").split("\n"), comment_lines(parsed))


def pieces(root: Path, limit: int, seed: int) -> list[Piece]:
    """Up to ``limit`` pieces of each sort, drawn at random."""
    files = list(sources(root))
    drawn = random.Random(f"{seed}:{root.name}")
    literals = _literals(files)
    messages = [(text, path, lines, kind) for text, path, lines, kind in literals if not _VALUE.search(text)]
    formats = [
        (text, path, lines, kind)
        for text, path, lines, kind in literals
        if _VALUE.search(text) and len(_WORD.findall(_VALUE.sub(" ", text))) >= MIN_WORDS
    ]
    found: dict[str, list[Piece]] = {
        "message": [Piece("message", *each) for each in messages],
        "message with values": [
            Piece("message with values", _filled(text, drawn), *rest) for text, *rest in formats
        ],
        "code line": list(_code_lines(files)),
        "log line": [
            Piece("log line", drawn.choice(_LOG_HEADS) + _filled(text, drawn), *rest)
            for text, *rest in (*messages, *formats)
        ],
        "stack trace": list(_traces(files, drawn)),
        "path:line": list(_places(files, drawn)),
    }
    # Drawn by itself, so that the others are those of runs before there were any.
    heads = random.Random(f"{seed}:{root.name}:error")
    found["error"] = [
        Piece("error", heads.choice(_ERROR_HEADS) + _filled(text, heads), *rest)
        for text, *rest in _literals(files, with_quotes=True)
        if len(_WORD.findall(_VALUE.sub(" ", text))) >= MIN_WORDS
    ]
    chosen = []
    for sort in SORTS:
        some = found[sort]
        drawn.shuffle(some)
        chosen += some[:limit]
    return chosen


def _literals(
    files: Sequence[Source], *, with_quotes: bool = False
) -> list[tuple[str, str, tuple[int, ...], str]]:
    """String constants of several words that stand in one file: text, path, lines, language.

    ``with_quotes`` gives those with escaped quotes too, as they are printed.
    """
    places: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    languages = {}
    for file in files:
        languages[file.path] = file.parsed.source.language
        for number, line in enumerate(file.lines, 1):
            for match in _STRING.finditer(line) if number not in file.commented else ():
                text = next(group for group in (*match.groups(), "") if group is not None)
                bare = _ESCAPED_QUOTE.sub("", text) if with_quotes else text
                plain = "\\" not in bare.replace("\\(", "")
                if len(text) in _CHARS and plain and len(_WORD.findall(text)) >= MIN_WORDS and " " in text:
                    places[text][file.path].append(number)
    whole = {file.path: "\n".join(file.lines) for file in files}
    found = []
    for text, where in places.items():
        if len(where) == 1 and sum(text in each for each in whole.values()) == 1:
            ((path, lines),) = where.items()
            printed = _ESCAPED_QUOTE.sub(r"\1", text) if with_quotes else text
            found.append((printed, path, tuple(lines), languages[path]))
    return found


def _filled(text: str, drawn: random.Random) -> str:
    return _VALUE.sub(lambda _: drawn.choice(_VALUES), text)


def _code_lines(files: Sequence[Source]) -> Iterator[Piece]:
    seen: dict[str, list[tuple[Source, int]]] = defaultdict(list)
    for file in files:
        for number, line in enumerate(file.lines, 1):
            if number not in file.commented and len(_WORD.findall(line)) >= MIN_WORDS + 1:
                seen[" ".join(line.split())].append((file, number))
    for text, places in seen.items():
        if len(places) == 1 and len(text) <= 200:
            ((file, number),) = places
            yield Piece("code line", text, file.path, (number,), file.parsed.source.language)


def _places(files: Sequence[Source], drawn: random.Random) -> Iterator[Piece]:
    for file in files:
        number = drawn.randint(1, len(file.lines))
        if file.lines[number - 1].strip():
            yield Piece(
                "path:line", f"{file.path}:{number}", file.path, (number,), file.parsed.source.language
            )


class Frame(Struct, frozen=True):
    """A place in a stack trace."""

    path: str
    line: int
    name: str
    outer: str
    code: str


def _frames(files: Sequence[Source]) -> dict[str, list[Frame]]:
    found: dict[str, list[Frame]] = defaultdict(list)
    for file in files:
        for symbol in file.parsed.symbols:
            first, last = symbol.span.start_line + 1, symbol.span.end_line
            if symbol.kind in (Kind.FUNCTION, Kind.METHOD) and 2 <= last - first <= 200:
                line = next((n for n in range(first + 1, last) if file.lines[n - 1].strip()), 0)
                if line and line not in file.commented:
                    parent = symbol.parent
                    outer = file.parsed.symbols[parent].name if parent >= 0 else Path(file.path).stem
                    code = file.lines[line - 1].strip()
                    found[file.parsed.source.language].append(
                        Frame(file.path, line, symbol.name, outer, code)
                    )
    return found


def _traces(files: Sequence[Source], drawn: random.Random) -> Iterator[Piece]:
    for language, frames in _frames(files).items():
        write = _TRACES.get(language)
        if write is None or len(frames) < 2:
            continue
        for frame in drawn.sample(frames, min(len(frames), 40)):
            caller = drawn.choice(frames)
            yield Piece("stack trace", write(frame, caller), frame.path, (frame.line,), language)


def _python(top: Frame, below: Frame) -> str:
    return (
        "Traceback (most recent call last):\n"
        '  File "/usr/lib/python3.11/threading.py", line 982, in run\n    self._target(*self._args)\n'
        f'  File "/home/me/app/{below.path}", line {below.line}, in {below.name}\n    {below.code}\n'
        f'  File "/home/me/app/{top.path}", line {top.line}, in {top.name}\n    {top.code}\n'
        "ValueError: not enough values to unpack (expected 2, got 1)"
    )


def _java(top: Frame, below: Frame) -> str:
    def at(frame: Frame) -> str:
        folder = str(Path(frame.path).parent)
        dotted = re.split(r"(?:^|/)(?:java|kotlin|scala|ext/\w+)(?:/|$)", folder)[-1].replace("/", ".")
        return f"\tat {dotted}.{frame.outer}.{frame.name}({Path(frame.path).name}:{frame.line})\n"

    return (
        "java.lang.IllegalStateException: unexpected end of input\n"
        "\tat java.base/java.util.ArrayList.forEach(ArrayList.java:1541)\n"
        f"{at(top)}{at(below)}\tat java.base/java.lang.Thread.run(Thread.java:829)"
    )


def _script(top: Frame, below: Frame) -> str:
    return (
        "TypeError: Cannot read properties of undefined (reading 'length')\n"
        f"    at {top.name} (/srv/app/{top.path}:{top.line}:13)\n"
        f"    at async {below.name} (/srv/app/{below.path}:{below.line}:5)\n"
        "    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)"
    )


def _go(top: Frame, below: Frame) -> str:
    return (
        "panic: runtime error: invalid memory address or nil pointer dereference\n\n"
        "goroutine 18 [running]:\nruntime.panicmem()\n\t/usr/local/go/src/runtime/panic.go:260\n"
        f"example.com/app.{top.name}(0xc00012e000)\n\t/home/me/app/{top.path}:{top.line} +0x1d\n"
        f"example.com/app.{below.name}(...)\n\t/home/me/app/{below.path}:{below.line} +0x65"
    )


def _ruby(top: Frame, below: Frame) -> str:
    return (
        f"/app/{top.path}:{top.line}:in `{top.name}': undefined method `size' for nil (NoMethodError)\n"
        f"\tfrom /app/{below.path}:{below.line}:in `{below.name}'\n"
        "\tfrom /usr/lib/ruby/3.1.0/net/http.rb:960:in `start'"
    )


def _rust(top: Frame, below: Frame) -> str:
    return (
        "thread 'main' panicked at library/core/src/option.rs:1880:5:\n"
        "called `Option::unwrap()` on a `None`\n   2: core::option::unwrap_failed\n"
        "             at /rustc/9fc6b4312/library/core/src/option.rs:1880:5\n"
        f"   3: app::{top.name}\n             at ./{top.path}:{top.line}:17\n"
        f"   4: app::{below.name}\n             at ./{below.path}:{below.line}:9"
    )


def _csharp(top: Frame, below: Frame) -> str:
    return (
        "Unhandled exception. System.NullReferenceException: Object reference not set to an instance\n"
        "   at System.Linq.Enumerable.ToList[TSource](IEnumerable`1 source)\n"
        f"   at App.{top.outer}.{top.name}(String text) in /src/app/{top.path}:line {top.line}\n"
        f"   at App.{below.outer}.{below.name}() in /src/app/{below.path}:line {below.line}"
    )


def _php(top: Frame, below: Frame) -> str:
    return (
        "PHP Fatal error:  Uncaught TypeError: Unsupported operand types: string + int in "
        f"/var/www/app/{top.path}:{top.line}\nStack trace:\n"
        f"#0 /var/www/app/{below.path}({below.line}): {below.name}()\n#1 {{main}}\n  thrown"
    )


def _elixir(top: Frame, below: Frame) -> str:
    return (
        "** (FunctionClauseError) no function clause matching\n"
        "    (elixir 1.16.0) lib/enum.ex:1700: Enum.map/2\n"
        f"    (app 0.1.0) {top.path}:{top.line}: App.{top.outer}.{top.name}/2\n"
        f"    (app 0.1.0) {below.path}:{below.line}: App.{below.outer}.{below.name}/1"
    )


def _debugger(top: Frame, below: Frame) -> str:
    return (
        "Program received signal SIGSEGV, Segmentation fault.\n"
        "#0  __strlen_avx2 () at ../sysdeps/x86_64/multiarch/strlen-avx2.S:74\n"
        f"#1  0x000055555555 in {top.name} (s=0x0) at {top.path}:{top.line}\n"
        f"#2  0x000055555561 in {below.name} () at {below.path}:{below.line}"
    )


def _swift(top: Frame, below: Frame) -> str:
    return f"{top.path}:{top.line}: Fatal error: Unexpectedly found nil while unwrapping an Optional value"


_TRACES: dict[str, Callable[[Frame, Frame], str]] = {
    "python": _python,
    "java": _java,
    "kotlin": _java,
    "scala": _java,
    "javascript": _script,
    "typescript": _script,
    "tsx": _script,
    "go": _go,
    "ruby": _ruby,
    "rust": _rust,
    "csharp": _csharp,
    "php": _php,
    "elixir": _elixir,
    "c": _debugger,
    "cpp": _debugger,
    "swift": _swift,
}


def ask(root: Path, asked: Sequence[Piece]) -> Iterator[Answer]:
    """The answer to each piece, of a fresh index of the checkout."""
    with TemporaryDirectory(prefix="pasted-") as folder, semindex.open(root, index_dir=folder) as index:
        index.refresh()
        for piece in asked:
            started = time.perf_counter()
            try:
                hits = list(index.search(piece.query, limit=10))
            except SemindexError as error:
                sys.exit(f"{piece.query!r}: {error}")
            took = (time.perf_counter() - started) * 1000
            first = hits[0] if hits else None
            in_file = first is not None and first.path == piece.path
            in_span = in_file and any(first.start_line <= line <= first.end_line for line in piece.lines)
            shown = f"{first.path}:{first.start_line}-{first.end_line}" if first else ""
            yield Answer(piece, in_file, in_span, shown, took)


def table(answers: Iterable[tuple[str, Answer]], *, by: Callable[[str, Answer], str]) -> Iterator[str]:
    """Lines of a table with a row a group and a column a measure."""
    groups: dict[str, list[Answer]] = defaultdict(list)
    for name, answer in answers:
        groups[by(name, answer)].append(answer)
    yield "| | asked | file first | first span shows the line |"
    yield "|---|---|---|---|"
    for name, some in groups.items():
        files, spans = sum(a.file_first for a in some), sum(a.span_first for a in some)
        share = f"{files} ({files / len(some):.1%}) | {spans} ({spans / len(some):.1%})"
        yield f"| {name} | {len(some)} | {share} |"


def main(words: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pasted", description=__doc__)
    parser.add_argument("checkouts", nargs="+", type=Path)
    parser.add_argument("--limit", type=int, default=DEFAULT_LIMIT, help="pieces a sort and checkout")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--details", type=Path)
    parser.add_argument("--misses", action="store_true")
    options = parser.parse_args(words)
    answers: list[tuple[str, Answer]] = []
    for root in options.checkouts:
        drawn = pieces(root, options.limit, options.seed)
        answers += [(root.resolve().name, answer) for answer in ask(root, drawn)]
    for by in (lambda _, a: a.piece.sort, lambda _, a: a.piece.language, lambda _, a: "all"):
        print("\n".join(table(answers, by=by)), end="\n\n")
    times = sorted(answer.milliseconds for _, answer in answers)
    print(f"median {times[len(times) // 2]:.1f} ms, slowest {times[-1]:.1f} ms a query")
    if options.details:
        rows = [{"repository": name, **msgspec.to_builtins(answer)} for name, answer in answers]
        options.details.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    for name, answer in answers if options.misses else ():
        if not answer.span_first:
            piece = answer.piece
            print(f"{name} [{piece.sort}] {piece.query!r}")
            print(f"    {piece.path}:{piece.lines[0]}, not {answer.found}")


if __name__ == "__main__":
    main()
