"""Counts the words of the listed packages: which terms there are, how often, and how they are written."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import archives

from semindex.tokens import MAX_WORD_CHARS, split_word, stem, tokenise, words


@dataclass(slots=True)
class PackageCounts:
    """One package's lower-case word parts, as written, with their counts."""

    name: str
    forms: Counter[str] = field(default_factory=Counter)
    text_bytes: int = 0


@dataclass(slots=True)
class Vocabulary:
    """Terms by falling usefulness, each with its share of running text and its written forms."""

    terms: list[str]
    share: list[float]
    """Mean over the packages of the term's share among all terms, weighted by the root of their size."""
    forms: list[list[tuple[str, float]]]
    """Up to three written forms with their share of the term's uses."""


def count_package(source: archives.Source, cache: Path) -> PackageCounts:
    """The counts of one package."""
    raw: Counter[bytes] = Counter()
    counts = PackageCounts(source.name)
    for _, text in archives.texts(source, cache):
        counts.text_bytes += len(text)
        raw.update(tokenise(text).words)
    for item, uses in raw.items():
        for word in words(item.decode("utf-8", "replace")):
            if len(word) <= MAX_WORD_CHARS:
                for part in split_word(word):
                    counts.forms[part] += uses
    return counts


def count_all(cache: Path, *, processes: int = 2) -> list[PackageCounts]:
    """The counts of every package that may be learned from, in the order of the list."""
    learned = [source for source in archives.sources() if not source.held_out]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        return list(pool.map(partial(count_package, cache=cache), learned))


def build(packages: list[PackageCounts], plain_words: list[str], *, size: int) -> Vocabulary:
    """The ``size`` most useful terms: those of many packages first, then plain English words."""
    share: Counter[str] = Counter()
    spread: Counter[str] = Counter()
    forms: dict[str, Counter[str]] = {}
    weights = [package.text_bytes**0.5 for package in packages]
    for package, weight in zip(packages, weights, strict=True):
        total = sum(package.forms.values())
        here = set()
        for form, uses in package.forms.items():
            if not _usable(form):
                continue
            term = stem(form)
            part = uses / total * weight / sum(weights)
            share[term] += part
            forms.setdefault(term, Counter())[form] += part
            here.add(term)
        spread.update(here)
    plain = {stem(word) for word in plain_words}
    for word in plain_words:
        forms.setdefault(stem(word), Counter())[word] += 1e-12
    smallest = min(share.values())
    kept = [term for term in forms if spread[term] >= (20 if term.isdigit() else 3) or term in plain]
    kept.sort(key=lambda term: (-share[term] * spread[term] ** 0.5 - 1e-9 * (term in plain), term))
    kept = kept[:size]
    return Vocabulary(
        kept,
        [max(share[term], smallest) for term in kept],
        [_top_forms(forms[term]) for term in kept],
    )


def _usable(form: str) -> bool:
    return form.isascii() and ((form.isalpha() and len(form) <= 24) or (form.isdigit() and len(form) <= 4))


def _top_forms(forms: Counter[str]) -> list[tuple[str, float]]:
    top = sorted(forms.items(), key=lambda item: (-item[1], item[0]))[:3]
    total = sum(weight for _, weight in top)
    return [(form, weight / total) for form, weight in top if weight / total >= 0.1]
