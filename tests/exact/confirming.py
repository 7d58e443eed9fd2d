"""Ripgrep itself says which texts match a pattern, and what the planner says of these."""

from __future__ import annotations

import subprocess
from pathlib import Path
from random import Random
from typing import NamedTuple

from semindex.config import Settings
from semindex.exact.needed import All, has_all, needed
from semindex.exact.pattern import Pattern
from semindex.exact.ripgrep import clean_environment, find_program, pattern_words

from . import grammar

PADDING = (b"", b"", b"x", b" ", b"foo ", b"\xff", b"k", "é".encode(), b"int ")


class Outcome(NamedTuple):
    """The texts that match, those of them that the query would have lost, and whether it asked at all."""

    matching: list[bytes]
    lost: list[bytes]
    asked: bool


def grams_of_text(text: bytes) -> set[int]:
    """The n-grams that an index has of a text, computed as plainly as can be."""
    small = bytes(byte + 32 if 65 <= byte <= 90 else byte for byte in text)
    windows = (small[at : at + 3] for at in range(len(small) - 2))
    return {int.from_bytes(window, "big") for window in windows if b"\n" not in window}


def confirm(pattern: Pattern, texts: list[bytes], folder: Path) -> Outcome:
    """Compare the planner with ripgrep over ``texts``: lines, or files where the pattern is multi-line."""
    matching = _files(pattern, texts, folder) if pattern.multiline else _lines(pattern, texts)
    query = needed(pattern).query
    lost = [text for text in matching if not has_all(query, grams_of_text(text))]
    return Outcome(matching, lost, query != All(()))


def _lines(pattern: Pattern, texts: list[bytes]) -> list[bytes]:
    lines = b"\n".join(texts).split(b"\n")
    found = _run(pattern, "--line-number", "-", given=b"\n".join(lines) + b"\n")
    return [lines[int(line.partition(b":")[0]) - 1] for line in found]


def _files(pattern: Pattern, texts: list[bytes], folder: Path) -> list[bytes]:
    for old in folder.iterdir():
        old.unlink()
    for number, text in enumerate(texts):
        (folder / str(number)).write_bytes(text)
    names = _run(pattern, "--files-with-matches", "--no-ignore", str(folder))
    return [texts[int(Path(name.decode()).name)] for name in names]


def _run(pattern: Pattern, *words: str, given: bytes = b"") -> list[bytes]:
    """Lines of output; none when the pattern is not valid, as most that are made of tokens are not."""
    program = find_program(Settings())
    command = [program, "--no-config", "--color=never", "--text", *pattern_words(pattern), *words]
    done = subprocess.run(command, input=given, capture_output=True, check=False, env=clean_environment())
    return done.stdout.split(b"\n")[:-1] if done.returncode == 0 else []


def question(random: Random) -> tuple[Pattern, list[bytes]]:
    """A pattern of any construct and options, and texts that it probably matches among others."""
    pcre2 = random.random() < 0.15
    make = grammar.soup if random.random() < 0.3 else lambda each: grammar.pattern(each, pcre2=pcre2)
    pieces = [make(random) for _ in range(random.choice((1, 1, 1, 2)))]
    pattern = Pattern(
        patterns=tuple(piece.source for piece in pieces),
        pcre2=pcre2,
        ignore_case=random.random() < 0.3,
        smart_case=random.random() < 0.2,
        fixed_strings=random.random() < 0.08,
        word_regexp=random.random() < 0.15,
        line_regexp=random.random() < 0.1,
        multiline=random.random() < 0.2,
        multiline_dotall=random.random() < 0.1,
    )
    return pattern, _texts(random, pattern, [sample for piece in pieces for sample in piece.samples])


def _texts(random: Random, pattern: Pattern, samples: list[bytes]) -> list[bytes]:
    texts = [sample.replace(b"\0", b"") for sample in samples]
    if pattern.fixed_strings:
        texts += [each.encode() for each in pattern.patterns]
    if pattern.ignore_case or pattern.smart_case:
        texts += [grammar.recased(random, text) for text in texts for _ in range(3)]
    return [random.choice(PADDING) + text + random.choice(PADDING) for text in texts for _ in range(2)]
