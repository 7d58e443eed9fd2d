"""How much of a query stands word for word in the code: what pasted lines and messages are found by.

Two things are compared with each of a few chunks. Runs of three words of the query that the chunk has too,
wherever they stand. And string constants of the chunk: one *fits* when all its fixed words occur in the
query in their order, whatever is between them, because a message has values where the constant has ``%s``
or ``{}``. Case, white space and punctuation do not count. A constant *gives* the query when it becomes the
whole query, with its case and punctuation, once values are put in: long values prove no less then. What
stands before a colon need not be of the constant, because programs write the class of an error there.

Each word counts by how rare it is in the code, so that ``the`` and ``of`` prove little. A worked example: of
``cannot open foo.txt``, asked where ``cannot`` is worth 2, ``open`` 3 and the other words occur nowhere (0),
the constant ``"cannot open %s"`` covers all that counts, 5 of 5: a share of 1.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from semindex.search.scoring import BodyScores
from semindex.search.weights import Weights
from semindex.tokens import raw_words, word_terms
from semindex.types import Floats, Kind

RUN_WORDS = 3
MIN_WORDS = 4
"""A shorter query repeats itself by chance: it counts only where it stands as a whole."""
LEAST_WORDS = 3
MAX_WORDS = 64
"""Of a long paste the first words are looked for."""
MOST_BYTES = 8_000_000
"""Words of chunks that are remembered."""
LITERAL_WORDS = 3
"""A constant with fewer fixed words fits by chance."""
LITERAL_GAPS = 24
"""So many words of the query may stand between the words of a constant: values, and what they contain."""
PLAIN_WORTH = 0.3
"""What a word counts that no term stands for, such as ``the``."""
_LITERAL = re.compile(rb'"((?:[^"\\\n]|\\.)+)"|\'((?:[^\'\\\n]|\\.)+)\'|`([^`]+)`')
_VALUES = re.compile(
    rb"%[-+ #0]*\d*(?:\.\d+)?(?:l{0,2}[a-zA-Z@]|\([a-z_]+\)[sdf])"
    rb"|[$#]?\{[^{}\n]*\}|\\\([^()\n]*\)|(?<!\\)\\[a-z]|\$\w+"
)
_ESCAPED = re.compile(rb"\\([\"'`\\])")
"""A quote or a backslash, as a constant writes it."""
HEADS = 3
"""So many colons may stand before a message: ``fatal: error: ``, and wrapped errors."""
_CLASSES = re.compile(r"\s*(?:(?:\S+ )?\S+: ){1,3}")
"""What is sure to be no part of a message: the class of an error, or the name of a program."""


class Wanted(Struct, frozen=True):
    """The words of a query, to be compared with chunks."""

    words: tuple[bytes, ...]
    """In lower case, in their order."""
    worth: tuple[float, ...]
    """What each counts."""
    text: bytes
    """The query, runs of white space made one blank."""
    messages: tuple[bytes, ...]
    """The text, and what is left of it behind each of its first colons."""
    runs: tuple[tuple[bytes, tuple[int, ...]], ...]
    """Each of its runs of words, and of its quoted phrases, between blanks; and the places of their words."""
    known: frozenset[bytes]
    """The words, without their order."""
    classes: float = 0.0
    """What the terms count that stand nowhere but before the message, in the class of an error."""

    @property
    def most(self) -> float:
        """What all words together count."""
        return sum(self.worth)


class Fit(Struct, frozen=True):
    """How a chunk compares."""

    share: float
    """Of what the words of the query count, the share that the chunk has: 0.0 to 1.0."""
    strength: float
    """What the words that it has count together."""
    whole: bool
    """Whether it has all words, one behind the other."""
    exact: bool = False
    """Whether it has their punctuation and case, too."""
    literal: float = 0.0
    """The share of the query's words that are the fixed words of one string constant, 0.0 to 1.0."""
    constant: bool = False
    """Whether the query is one string constant as a whole, with any text in the places of its values."""


NO_FIT = Fit(0.0, 0.0, False)


def wanted(query: str, worth: Mapping[str, float], phrases: Sequence[str] = ()) -> Wanted | None:
    """The words to look for; None for a query of one or two words.

    Args:
        query: What was asked, without quotes.
        phrases: What was quoted in it.
        worth: What each term counts that the code has; a word counts as its rarest term.
    """
    raw = raw_words(query.encode("utf-8", "replace"))[:MAX_WORDS]
    if len(raw) < LEAST_WORDS:
        return None
    counts = []
    for word in raw:
        terms = word_terms(word.decode("utf-8", "replace"))
        known = [worth[term] for term in terms if term in worth]
        counts.append(max(known) if known else 0.0 if word.isdigit() else PLAIN_WORTH)
    words = tuple([word.lower() for word in raw])
    quoted = [tuple(raw_words(phrase.encode("utf-8", "replace").lower())) for phrase in phrases]
    text = " ".join(query.split()).encode("utf-8", "replace")
    return Wanted(
        words,
        tuple(counts),
        text,
        tuple(_messages(text)),
        tuple(_runs(words, quoted)),
        frozenset(words),
        _worth_of_classes(query, worth),
    )


def _worth_of_classes(query: str, worth: Mapping[str, float]) -> float:
    head = _CLASSES.match(query)
    if head is None:
        return 0.0
    before, behind = (
        {term for word in raw_words(part.encode("utf-8", "replace")) for term in word_terms(word.decode())}
        for part in (head[0], query[head.end() :])
    )
    return sum(worth[term] for term in sorted(before - behind) if term in worth)


def _runs(
    words: tuple[bytes, ...], quoted: Sequence[tuple[bytes, ...]]
) -> Iterator[tuple[bytes, tuple[int, ...]]]:
    """The runs of words and the phrases, as in :attr:`Wanted.runs`."""
    runs = {words[start : start + RUN_WORDS] for start in range(len(words) - RUN_WORDS + 1)}
    for run in (*runs, *filter(None, quoted)):
        starts = [
            start for start in range(len(words) - len(run) + 1) if words[start : start + len(run)] == run
        ]
        yield _spaced(run), tuple([start + place for start in starts for place in range(len(run))])


def _messages(text: bytes) -> Iterator[bytes]:
    """The text, and what is left of it behind each of its first colons."""
    yield text
    for _ in range(HEADS):
        _, colon, text = text.partition(b": ")
        if not colon:
            return
        yield text


class Literal(Struct, frozen=True):
    """A string constant."""

    words: tuple[bytes, ...]
    """Its fixed words, in lower case."""
    texts: tuple[bytes, ...]
    """What is printed before, between and behind its values; runs of white space made one blank."""

    @classmethod
    def of(cls, constant: bytes) -> Literal:
        """The constant between two quotes."""
        return cls(
            tuple(raw_words(_VALUES.sub(b" ", constant).lower())),
            tuple([_ESCAPED.sub(rb"\1", text) for text in _VALUES.split(b" ".join(constant.split()))]),
        )

    def gives(self, asked: Wanted) -> bool:
        """Whether some values make it the query, or all of it behind a colon."""
        return any(self.becomes(message) for message in asked.messages)

    def becomes(self, text: bytes) -> bool:
        """Whether some values make it the text."""
        first, *others = self.texts
        if not others:
            return text == first
        at, end = len(first), len(text) - len(others[-1])
        for middle in others[:-1]:
            found = text.find(middle, at)
            if found < 0:
                return False
            at = found + len(middle)
        return at <= end and text.startswith(first) and text.endswith(others[-1])


class ChunkText(Struct, frozen=True):
    """What of a chunk is compared."""

    words: bytes
    """Its words in lower case, a blank before and behind each."""
    literals: tuple[Literal, ...]

    @classmethod
    def of(cls, text: bytes) -> ChunkText:
        """What is compared of a text."""
        literals = []
        for match in _LITERAL.finditer(text):
            literal = Literal.of(match[1] or match[2] or match[3])
            if LITERAL_WORDS <= len(literal.words) <= MAX_WORDS:
                literals.append(literal)
        return cls(_spaced(raw_words(text.lower())), tuple(dict.fromkeys(literals)))


def fit(asked: Wanted, chunk: ChunkText) -> Fit:
    """How a chunk compares with the words of a query."""
    words, most = asked.words, asked.most
    if most <= 0.0:
        return NO_FIT
    if _spaced(words) in chunk.words:
        same = any(literal.words == words and literal.gives(asked) for literal in chunk.literals)
        return Fit(1.0, most, True, constant=same)
    if len(words) < MIN_WORDS:
        return NO_FIT
    has = [False] * len(words)
    for run, covered in asked.runs:
        if run in chunk.words:
            for place in covered:
                has[place] = True
    longest, same = 0, False
    for literal in chunk.literals:
        if asked.known.issuperset(literal.words):
            places = _places(literal.words, words)
            longest = max(longest, len(places))
            same = same or (bool(places) and literal.gives(asked))
            for place in places:
                has[place] = True
    strength = sum(worth for worth, is_had in zip(asked.worth, has, strict=True) if is_had)
    return Fit(strength / most, strength, False, literal=longest / len(words), constant=same)


def _places(literal: Sequence[bytes], words: Sequence[bytes]) -> Sequence[int]:
    """Where the words of a constant stand in a query, in their order and near each other; else nothing."""
    for start, word in enumerate(words):
        if word != literal[0]:
            continue
        places = [start]
        for next_word in literal[1:]:
            try:
                places.append(words.index(next_word, places[-1] + 1))
            except ValueError:
                return ()
        if places[-1] - start < len(literal) + LITERAL_GAPS:
            return places
    return ()


def _spaced(words: Sequence[bytes]) -> bytes:
    """The words between blanks, so that a run matches whole words only."""
    return b" " + b" ".join(words) + b" "


def gain(found: Fit, rare: float, weights: Weights) -> float:
    """What a chunk gains by its fit.

    A small part grows with the square of the share: code that resembles a sentence. A large one is for what
    can hardly be chance, more than half of the query in words of which together ``rare`` would be the worth
    of one that stands in one chunk only.
    """
    sure = min(1.0, found.strength / (weights.pasted_words * rare))
    over = max(0.0, 2.0 * found.share - 1.0) ** 2
    if found.literal >= 0.5:
        # What is left of the query are values.
        over = max(over, found.literal)
    if found.constant:
        over = 1.0
    if found.whole:
        over = 1.0 + weights.pasted_exact * found.exact + weights.pasted_constant * found.constant
    alike = found.share if found.share >= weights.verbatim_share else 0.0
    return weights.verbatim * alike**2 + weights.pasted * sure * over


def worth_reading(code: BodyScores, most: float, kinds: npt.NDArray[np.uint8], weights: Weights) -> Floats:
    """How well it pays to read each of some chunks, 0 where it does not; shape ``(chunks,)``.

    By what the terms of the query count that its *code* has, of ``most`` for all: no chunk can fit better.
    Who describes something seldom means a sentence like it in a comment or a document, and MRR of functions
    asked by their documentation fell by .005 more where these counted.
    """
    share = code.worth / max(1e-9, most)
    prose = (kinds == Kind.TEXT) | (kinds == Kind.SECTION)
    return np.where((share >= weights.verbatim_terms) & ~prose, share + 0.1 * code.scores, 0.0)


def stands_in(asked: Wanted, text: bytes) -> bool:
    """Whether a text has the query with its punctuation and case too; runs of white space count alike."""
    return asked.text in b" ".join(text.split())


class ChunkTexts:
    """Remembers what is compared of chunks that were read; threads may share it."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._known: dict[int, ChunkText] = {}
        self._bytes = 0

    def of(self, chunk: int, text: bytes, begin: int, end: int) -> ChunkText:
        """What is compared of the chunk between two bytes of a text, which must be the same each time."""
        known = self._known.get(chunk)
        if known is None:
            known = ChunkText.of(text[begin:end])
            self._bytes += 3 * len(known.words)
            if self._bytes > self._most_bytes:
                self._known, self._bytes = {}, 3 * len(known.words)
            self._known[chunk] = known
        return known
