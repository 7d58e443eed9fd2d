"""Source files for the tests of the parse room, and parsed files as text."""

from __future__ import annotations

import sys
from pathlib import Path

from semindex.parse.parser import parse_file
from semindex.types import ParsedFile, SourceFile, Symbol

SAMPLES = Path(__file__).parent / "samples"
NAMES = sorted(path.stem for path in SAMPLES.glob("*.src"))


def language_of(sample: str) -> str:
    """The language of a sample file: its name up to the underscore."""
    return sample.partition("_")[0]


def sample_text(sample: str) -> bytes:
    """The bytes of a sample."""
    return (SAMPLES / f"{sample}.src").read_bytes()


def source(text: bytes, language: str) -> SourceFile:
    """A source file that was never on disk."""
    return SourceFile(f"sample.{language}", text, b"\0" * 16, language, len(text))


def parsed(text: bytes, language: str) -> ParsedFile:
    """``text``, parsed."""
    return parse_file(source(text, language))


def qualified(symbols: tuple[Symbol, ...], position: int) -> str:
    """A symbol's name with the names of what encloses it."""
    parts: list[str] = []
    while position >= 0:
        parts.append(symbols[position].name)
        position = symbols[position].parent
    return " > ".join(reversed(parts))


def outline(found: ParsedFile) -> list[str]:
    """A line a symbol: kind, lines, qualified name, lines of its documentation."""
    text = found.source.text
    rows: list[str] = []
    for position, symbol in enumerate(found.symbols):
        start, end = symbol.doc
        lines = f"{text[:start].count(10) + 1}-{text[:end].count(10) + 1}"
        doc = f"  doc {lines}" if end > start else ""
        span = f"{symbol.span.start_line}-{symbol.span.end_line}"
        rows.append(f"{symbol.kind.label:<14} {span:<7} {qualified(found.symbols, position)}{doc}")
    return rows


def pieces(found: ParsedFile) -> list[bytes]:
    """The bytes of each chunk."""
    return [found.source.text[chunk.span.start_byte : chunk.span.end_byte] for chunk in found.chunks]


if __name__ == "__main__":
    # python -m tests.parse.sources NAME ...: write the outline of samples anew, to be read before it is kept.
    for sample in sys.argv[1:]:
        rows = outline(parsed(sample_text(sample), language_of(sample)))
        (SAMPLES / f"{sample}.expected").write_text("".join(f"{row}\n" for row in rows), "utf-8")
