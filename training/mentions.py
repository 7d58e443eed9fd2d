"""Sentences of documentation, and the definition that each names."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import archives
from pairs import Pair, body_at, first_sentence

_DEFINED = re.compile(
    r"^[ \t]*(?:(?:pub|public|private|protected|internal|static|final|abstract|async|export|default|override"
    r"|open|virtual|suspend|inline|const|unsafe|local|defp?|data|sealed|partial|readonly)[ \t]+)*"
    r"(?:def|func|fn|function|class|struct|interface|trait|enum|type|module|object|defmodule|defp|data|newtype"
    r"|protocol|extension|[A-Za-z_][\w<>\[\],.?*& ]*)[ \t]+[*&]?([A-Za-z_]\w{5,60})[ \t]*[({:<=]",
    re.M,
)
_SPECIFIC = re.compile(r"[a-z][A-Z]|[A-Za-z]_[A-Za-z]|^[A-Z][a-z]+[A-Z]")
_SPAN = re.compile(r"(?:(?::\w+)?:\w+:)?`+~?([A-Za-z_][\w.:]*)(?:\(\))?`+")
_FENCE = re.compile(r"^(?:```|~~~).*?^(?:```|~~~)", re.M | re.S)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`])|\n\s*\n|\n\s*[-*+] ")


def pairs(source: archives.Source, cache: Path) -> Iterator[Pair]:
    """Pairs of one package: a sentence with one code span, and the only definition of that name."""
    texts = list(archives.texts(source, cache))
    documents = [text for path, text in texts if _language(path) == "text"]
    asked: dict[str, list[str]] = {}
    for document in documents:
        plain = _FENCE.sub("\n\n", document.decode("utf-8", "replace"))
        for sentence in _SENTENCE.split(plain):
            names = [re.split(r"[.:]+", name)[-1] for name in _SPAN.findall(sentence)]
            clean = first_sentence(re.sub(r"[#>|\[\]]|\(http[^)]*\)", " ", sentence.replace("\n", " ")))
            if len(names) == 1 and _SPECIFIC.search(names[0]) and 5 <= len(clean.split()) <= 40:
                asked.setdefault(names[0], []).append(clean)
    yield from _answers(source, texts, asked)


def _answers(
    source: archives.Source, texts: list[tuple[str, bytes]], asked: dict[str, list[str]]
) -> Iterator[Pair]:
    found: dict[str, list[Pair]] = {}
    for path, data in texts:
        language = _language(path)
        if language == "text" or not asked:
            continue
        text = data.decode("utf-8", "replace")
        for match in _DEFINED.finditer(text):
            name = match[1]
            if name in asked and len(found.get(name, [])) < 2:
                braces = language not in ("python", "ruby", "elixir", "lua", "haskell", "bash")
                body = body_at(text, match.start(), braces=braces)
                found.setdefault(name, []).append(
                    Pair(source.name, path, language, "", name, "", body[:6000])
                )
    for name, places in found.items():
        if len(places) == 1 and places[0].body.count("\n") >= 2:
            for sentence in dict.fromkeys(asked[name][:3]):
                place = places[0]
                yield Pair(place.package, place.path, place.language, sentence, name, "", place.body)


def _language(path: str) -> str:
    return archives.LANGUAGES[PurePosixPath(path).suffix.lower()]


def sampled(source: archives.Source, cache: Path, *, most: int, seed: int) -> list[Pair]:
    """At most ``most`` pairs of one package, drawn at random."""
    found = list(pairs(source, cache))
    return random.Random(seed).sample(found, most) if len(found) > most else found
