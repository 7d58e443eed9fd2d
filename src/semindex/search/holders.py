"""Which files hold a word or a literal, found by postings and told by reading the few that may.

A worked example: ``violet`` is asked. Its term stands in the code or comments of chunk 4 (``# ultra-Violet``)
and of chunk 9 (``violets = 3``), which are of two files. Both files are read: the first has the word,
whatever its case; the second has another ending of it, so it holds a *part* only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from semindex.search.filtering import Passing
from semindex.search.sums import common, distinct
from semindex.search.terms import Occurring
from semindex.store.generation import Generation
from semindex.tokens import hash_terms, whole_term, word_terms, words
from semindex.types import Ids, QueryTerm

Holding = Callable[[str], Sequence[int] | None]
"""Gives the ids of the files that may hold a literal, whatever the case of its ASCII letters.

No file that holds it may be missing; files that do not are found out by reading. None says that it cannot be
told, or that too many may.
"""

MOST_READ = 48
"""Files that are read for one word or literal: about 5 ms. If more may hold it, it is not rare."""
MOST_CHUNKS = 4000
"""A word that more chunks have is not rare, and its list is not looked at."""
RAREST = 4
"""Of a literal so many terms, the rarest of the query, choose the chunks that are read."""
MOST_SPELLED = 64
"""A longer word is looked for as it is asked only."""
EXACT, LOOSE, PART = 1.0, 0.7, 0.5
"""How well something is held: as it is asked (a word in any case); in other case, with other white space or
underscores; only a part of it, or another ending.

A definition of the same name with another underscore still comes before a use, and a use of the very word
before one of its parts (``benchmarks.rare``)."""
_BEFORE, _BEHIND = rb"(?<![\w\x80-\xff])", rb"(?![\w\x80-\xff])"
_NOT_BEFORE = rb"(?<![\w\x80-\xff]"


class Texts(Protocol):
    """Where the texts of indexed files are read."""

    def text(self, file: int) -> bytes | None:
        """A file's analysis text; None when the file is not what was indexed."""


class Held(NamedTuple):
    """How a file holds something."""

    level: float
    """``EXACT``, ``LOOSE`` or ``PART``."""
    chunks: Sequence[int]
    """The chunks that hold it, ascending."""


Holders = Mapping[int, Held]
"""By file; empty when nothing holds it, and when too many files may."""


class _Form(NamedTuple):
    """A way in which something may be held."""

    pattern: re.Pattern[bytes]
    level: float
    part: bytes
    """What a text must have for the pattern to match, in small letters: to look for it is much quicker."""
    underscores: bool = True
    """Whether those of the text count when that is looked for."""
    folds: bool = True
    """Whether the pattern is one of small letters, for texts in such."""

    def may_be_in(self, small: bytes) -> bool:
        """Whether a text in small letters has the part."""
        return self.part in (small if self.underscores else small.replace(b"_", b""))


class Standing:
    """In which chunks the terms of a query stand, and any other terms."""

    def __init__(self, generation: Generation, terms: Sequence[QueryTerm], found: Occurring) -> None:
        """Prepare; ``found`` tells where the terms occur."""
        self._generation, self._found = generation, found
        self._numbers = {term.term: number for number, term in enumerate(terms)}

    def frequency(self, term: str) -> int:
        """In how many chunks a term of the query stands, or a few more; 0 for any other term."""
        number = self._numbers.get(term)
        return 0 if number is None else self._found.text_df[number] + self._found.body_df[number]

    def knows(self, term: str) -> bool:
        """Whether it is a term of the query."""
        return term in self._numbers

    def chunks(self, term: str) -> Ids:
        """The chunks that have a term in a name, a comment or code; ascending, each once."""
        if term in self._numbers:
            return self._found.standing(self._numbers[term])
        generation, fields, keys = self._generation, ("body", "comment"), hash_terms([term])
        rows = [np.empty(0, np.int64)]
        for _, gathered in generation.gathered(fields, keys, [[1]]):
            live = (generation.live(field, each) for field, each in zip(fields, gathered, strict=True))
            rows += [each.rows.astype(np.int64) for each in live]
        return distinct(np.concatenate(rows))


class Lookup:
    """Looks for words and literals in the files that pass the filters of a query."""

    def __init__(
        self,
        generation: Generation,
        passing: Passing,
        texts: Texts,
        standing: Standing,
        holding: Holding | None = None,
    ) -> None:
        """Prepare.

        Args:
            generation: What is searched.
            passing: The files and chunks that count.
            texts: Where files are read.
            standing: Where terms stand.
            holding: Tells of any literal which files may hold it; None where nothing but postings does.
        """
        self._generation, self._passing, self._texts = generation, passing, texts
        self._standing, self._holding = standing, holding

    def frequency(self, word: str) -> int:
        """In how many chunks the rarest term of a word stands that stands anywhere; 0 if none does."""
        standing = [self._standing.frequency(term) for term in word_terms(word)]
        return min(filter(None, standing), default=0) or len(self._standing.chunks(whole_term(word)))

    def of_word(self, word: str) -> Holders:
        """The files that hold a word."""
        own, standing = word_terms(word), self._standing
        if not own:
            return {}
        by_file: Mapping[int, Sequence[int]] | None = None
        # ``get_user`` and ``getUser`` have the term ``=getuser``, and ``getuser`` has another.
        joined = word_terms(word.replace("_", "").lower())
        keys = dict.fromkeys((own[-1], whole_term(word), *joined[-1:]))
        if all(standing.frequency(key) <= MOST_CHUNKS for key in keys):
            by_file = self._by_file(np.concatenate([standing.chunks(key) for key in keys]))
        if by_file is None or len(by_file) > MOST_READ:
            by_file = self._told(word) or {}
        forms = _spellings(word)
        return {file: self._of(file, chunks, forms) or Held(PART, chunks) for file, chunks in by_file.items()}

    def of_literal(self, literal: str) -> Holders:
        """The files that hold a literal; its white space is any white space."""
        by_file = self._told(literal)
        if by_file is None:
            by_file = self._by_file(self._fewest(self._with_all(literal)))
        needle = literal.encode("utf-8", "replace")
        loose = rb"\s+".join(map(re.escape, needle.lower().split()))
        longest = max(needle.lower().split(), key=len, default=b"")
        forms = [
            _Form(re.compile(re.escape(needle)), EXACT, longest, folds=False),
            _Form(re.compile(loose), LOOSE, longest),
        ]
        found = {file: self._of(file, chunks, forms) for file, chunks in by_file.items()}
        return {file: held for file, held in found.items() if held is not None}

    def of_line(self, some: Sequence[str]) -> Holders:
        """The files with a line that holds all of some words, in any order."""
        by_file = self._by_file(self._fewest(self._with_all(" ".join(some), cut=False)))
        each = b"".join(rb"(?=[^\n]*?" + _whole(_small(word)) + rb")" for word in some)
        longest = max(map(_small, some), key=len, default=b"")
        forms = [_Form(re.compile(rb"^" + each, re.MULTILINE), EXACT, longest)]
        found = {file: self._of(file, chunks, forms) for file, chunks in by_file.items()}
        return {file: held for file, held in found.items() if held is not None}

    def has(self, file: int, word: str) -> bool:
        """Whether a file that is read has a word of the query, or one that begins as it does."""
        text = (self._texts.text(file) or b"").lower()
        begins = {word.lower(), word_terms(word)[0]} if word_terms(word) else {word.lower()}
        return any(begin.encode("utf-8", "replace") in text for begin in begins)

    def _of(self, file: int, chunks: Sequence[int], forms: Sequence[_Form]) -> Held | None:
        """How some chunks of a file hold something, by the first of its forms that is found."""
        text = self._texts.text(file) or b""
        # Bytes in small letters are as many, and searched faster than bytes of any case.
        small = text.lower()
        for form in forms if text else ():
            read = small if form.folds else text
            if not (form.may_be_in(small) and form.pattern.search(read)):
                continue
            ranges = [(chunk, *self._generation.byte_range(chunk)) for chunk in chunks]
            holding = [chunk for chunk, begin, end in ranges if form.pattern.search(read, begin, end)]
            if holding:
                return Held(form.level, holding)
        return None

    def _told(self, literal: str) -> dict[int, Sequence[int]] | None:
        """The files that may hold a literal, with all their chunks, as far as it can be told."""
        files = self._holding(literal) if self._holding is not None else None
        if files is None:
            return None
        starts = self._generation.file_starts
        each = [np.arange(starts[file], starts[file + 1]) for file in sorted(files)]
        by_file = self._by_file(np.concatenate([*each, np.empty(0, np.int64)]))
        return by_file if len(by_file) <= MOST_READ else None

    def _by_file(self, chunks: Ids) -> dict[int, Sequence[int]]:
        """Those of some chunks that pass the filters, ascending, by file."""
        chunks = distinct(chunks)
        files, passing = self._generation.chunk_file[chunks], self._passing
        passes = passing.files[files]
        if passing.chunks is not None:
            passes &= passing.chunks[chunks]
        found: dict[int, list[int]] = {}
        for file, chunk in zip(files[passes].tolist(), chunks[passes].tolist(), strict=True):
            found.setdefault(file, []).append(chunk)
        return dict(found)

    def _with_all(self, literal: str, *, cut: bool = True) -> Ids:
        """The chunks that may have a literal, by its rarest words.

        If it may be ``cut`` out of a text, its first and last word may be parts of longer ones. They count
        only where too many chunks are left without them.
        """
        found = words(literal)
        sure = found[1:-1] if cut and len(found) > 2 else found
        chunks = self._with_terms(sure, None)
        if chunks is None or len(chunks) > MOST_READ:
            chunks = self._with_terms(found, chunks)
        return np.empty(0, np.int64) if chunks is None else chunks

    def _with_terms(self, some: Sequence[str], chunks: Ids | None) -> Ids | None:
        """Those of some chunks (of all, when None) that have the rarest terms of some words.

        None when there is no term that is rare enough.
        """
        standing = self._standing
        known = {term for word in some for term in word_terms(word) if standing.knows(term)}
        by_frequency = sorted(known, key=lambda term: (standing.frequency(term), term))
        for term in by_frequency[:RAREST]:
            if standing.frequency(term) <= MOST_CHUNKS or chunks is not None:
                have = standing.chunks(term)
                chunks = have if chunks is None else common(chunks, have)
        return chunks

    def _fewest(self, chunks: Ids) -> Ids:
        """The shortest of some chunks, where they are too many to be read; ties by path and line."""
        if len(chunks) <= MOST_READ:
            return chunks
        generation = self._generation

        def order(chunk: int) -> tuple[int, str, int]:
            begin, end = generation.byte_range(chunk)
            return end - begin, generation.path(generation.chunk_file.item(chunk)), begin

        return np.array(sorted(chunks.tolist(), key=order)[:MOST_READ], dtype=np.int64)


def _small(word: str) -> bytes:
    """The bytes of a word with its ASCII letters made small, as they are in texts that are compared so."""
    return word.encode("utf-8", "replace").lower()


def _whole(word: bytes) -> bytes:
    """The pattern of a whole word. What is before it is looked at last: plain bytes are searched quickly."""
    plain = re.escape(word)
    return plain + _NOT_BEFORE + plain + rb")" + _BEHIND


def _spellings(word: str) -> list[_Form]:
    """What finds a word: as it is asked, whatever its case, then with underscores elsewhere."""
    whole = _small(word)
    found = [_Form(re.compile(_whole(whole)), EXACT, whole)]
    letters = word.replace("_", "").lower()
    if letters and len(letters) <= MOST_SPELLED and letters.isascii():
        spelled = "_*".join(map(re.escape, letters)).encode()
        pattern = re.compile(_BEFORE + b"_*" + spelled + b"_*" + _BEHIND)
        found.append(_Form(pattern, LOOSE, letters.encode(), underscores=False))
    return found
