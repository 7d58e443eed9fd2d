"""Words and literals of a query that few files hold: whoever asks for one wants these files first.

``violet`` may stand once, in a comment of a long file, and count little there by BM25 and by meaning. But if
one file alone has the word that was asked, nothing else can be meant. So its chunk gains more than all other
signals differ by.

A worked example: ``violet paint`` is asked of an index of 900 files. One file has ``violet``, and 150 have
``paint``, which is not rare; the file has that word, too. So of what both words are worth it has all, and its
chunk gains ``rare * 1.0 ** 2``. Had it ``violet`` alone, worth 6 of 8, it would gain ``rare * 0.75 ** 2``.
Then chunks are looked for that have both words in a line, and those that have ``violet paint`` as a literal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from msgspec import Struct

from semindex.search.holders import PART, Holders, Lookup
from semindex.search.scoring import idf
from semindex.search.sums import distinct
from semindex.search.weights import Weights
from semindex.store.generation import Generation
from semindex.tokens import raw_words
from semindex.types import Ids, QueryTerm

MOST_WORDS = 3
"""In a query with more words rare ones are a matter of chance: with 4 NDCG of judged queries fell by .001."""
MOST_RAW_WORDS = 4
"""The same with those that are dropped, such as ``the``."""
LITERAL_CHARS = range(4, 401)
LEAST_FILES = 3
"""In fewer files nothing is rare."""
UNSURE, SURE = 0.5, 0.75
"""The rarest of several words in a line, by its share of the idf of a word that stands in one chunk.

Up to the first the line says nothing: with common words it is a matter of chance, and NDCG of judged queries
fell by .002. From the second on it is as sure as a rare word. Of 20,000 chunks 140 and 12 have such words.
"""


class Rare(Struct, frozen=True):
    """What chunks gain by holding what few files hold."""

    gains: Mapping[int, float]
    """By chunk."""
    told: Mapping[int, str]
    """By chunk: what it holds, and how many files do."""

    def files(self, generation: Generation) -> Ids:
        """The files, ascending."""
        chunks = np.array(sorted(self.gains), dtype=np.int64)
        return distinct(generation.chunk_file[chunks].astype(np.int64))

    def values(self, chunks: Ids) -> Sequence[tuple[int, float]]:
        """The positions among some chunks, given ascending, that gain something, and how much."""
        places = chunks.searchsorted(list(self.gains))
        rows = zip(places.tolist(), self.gains.items(), strict=True)
        return [(place, gain) for place, (chunk, gain) in rows if chunk in chunks[place : place + 1]]

    def with_definitions(self, chunks: Sequence[int]) -> Rare:
        """The same, where definitions of the name that was asked gain as much as its best use."""
        most = max(self.gains.values(), default=0.0)
        if not most:
            return self
        told = {chunk: self.told.get(chunk, "the definition") for chunk in chunks}
        return Rare({**self.gains, **dict.fromkeys(chunks, most)}, {**self.told, **told})


NOTHING = Rare({}, {})


def rare_places(
    query: str, terms: Sequence[QueryTerm], lookup: Lookup, generation: Generation, weights: Weights
) -> Rare:
    """What chunks gain that hold a rare word of a query, or the whole query as it is.

    For its words nothing is gained by a query of many, or of which more stand nowhere than somewhere.
    """
    found = _Gains({}, {})
    words = dict.fromkeys(term.source for term in terms if term.weight >= 1.0 and not term.script)
    raw = len(raw_words(query.encode("utf-8", "replace")))
    if len(words) <= MOST_WORDS and raw <= MOST_RAW_WORDS:
        standing = {word: lookup.frequency(word) for word in words}
        known = {word: idf(generation.live_chunks, count) for word, count in standing.items() if count}
        if 2 * len(known) >= len(words):
            _add_words(found, known, lookup, generation, weights)
        if len(known) > 1:
            _add_lines(found, known, lookup, generation, weights)
    if len(query) in LITERAL_CHARS and (raw != 1 or list(words) != [query]):
        holders = lookup.of_literal(query)
        if len(holders) <= _most_files(1, generation, weights):
            value = weights.rare * (1.0 + weights.pasted_exact)
            found.add("the whole query", holders, lambda _: value)
    return Rare(found.gains, found.told)


def _most_files(words: int, generation: Generation, weights: Weights) -> int:
    """In how many files something is rare, when it is asked with so many words."""
    files = generation.live_files
    share = weights.rare_share if words == 1 else weights.rare_share_of_several
    # What one of two files has is not rare.
    return min(weights.rare_files, max(1, int(share * files)), files // LEAST_FILES)


def _add_words(
    found: _Gains, worth: Mapping[str, float], lookup: Lookup, generation: Generation, weights: Weights
) -> None:
    """Add what chunks gain by single words, each with what it is worth."""
    most, every = _most_files(len(worth), generation, weights), sum(worth.values())

    def value(file: int) -> float:
        has = sum(each for word, each in worth.items() if lookup.has(file, word))
        return weights.rare * (has / every) ** 2

    for word in worth:
        holders = lookup.of_word(word)
        whole = {file: held for file, held in holders.items() if held.level > PART}
        # Among other words a rare ending of a word that is not rare says nothing.
        if len(holders) <= most:
            found.add(word, holders, value)
        elif len(worth) == 1 and len(whole) <= most:
            found.add(word, whole, value)


def _add_lines(
    found: _Gains, worth: Mapping[str, float], lookup: Lookup, generation: Generation, weights: Weights
) -> None:
    """Add what chunks gain by lines with all of several words."""
    rarity = max(worth.values()) / max(1e-9, idf(generation.live_chunks, 1))
    sure = min(1.0, (rarity - UNSURE) / (SURE - UNSURE))
    holders = lookup.of_line([*worth]) if sure > 0.0 else {}
    if len(holders) <= _most_files(1, generation, weights):
        found.add("all words in a line", holders, lambda _: weights.rare * sure)


class _Gains(Struct, frozen=True):
    """What chunks gain, and why, as it comes."""

    gains: dict[int, float]
    told: dict[int, str]

    def add(self, what: str, holders: Holders, value: Callable[[int], float]) -> None:
        """Have the chunks of holders gain the value of their file, times how well they hold it."""
        whole = sum(held.level > PART for held in holders.values())
        for file, held in holders.items():
            gain, alike = value(file) * held.level, held.level <= PART
            count = len(holders) if alike else whole
            told = f"{what} stands in {count} file{'s' * (count != 1)}"
            for chunk in held.chunks:
                if gain > self.gains.get(chunk, 0.0):
                    self.gains[chunk] = gain
                    self.told[chunk] = f"what is like {told}" if alike else told
