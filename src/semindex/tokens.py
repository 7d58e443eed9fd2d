"""Cut text into terms. This is the only tokeniser, for documents and queries.

A *word* is a run of word characters that is not a bare number (``getUserById``, ``HTTP_404``, ``v4``). Its
*parts* are what camelCase, underscores and borders between letters and digits cut it into, in lower case. Its
*terms* are the Porter2 stems of its parts and, of a word with two parts or more, the compound term: ``=`` and
the word in lower case without underscores.

>>> word_terms("getUserNames")
('get', 'user', 'name', '=getusernames')
>>> word_terms("get_user_names") == word_terms("getUserNames")
True
>>> word_terms("数据库")                       # CJK has no blanks between words: overlapping pairs
('数据', '据库', '=数据库')
>>> [(term.term, term.weight) for term in query_terms("how are user names read")]
[('=namesread', 0.5), ('=usernames', 0.5), ('=usernamesread', 0.5),
('name', 1.0), ('read', 1.0), ('user', 1.0)]

Indexing cuts whole files with :func:`tokenise`, and a :class:`Lexicon` computes the terms of each distinct
word once. It gives words small ids, and for each id the hashes of its terms.

>>> found, lexicon = tokenise(b"def getName(x): def"), Lexicon()
>>> found.words, found.starts.tolist()
([b'def', b'getName', b'x', b'def'], [0, 4, 12, 16])
>>> (_, name, _, _), (offsets, terms) = lexicon.ids(found.words), lexicon.arrays()
>>> hashes = terms[offsets[name] : offsets[name + 1]]
>>> hashes.tolist() == [hash_term(term) for term in ("get", "name", "=getname")]
True
"""

import re
import unicodedata
from array import array
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import Stemmer
import xxhash

from semindex import scripts
from semindex.scripts import PAIRED, script_of, usual_forms
from semindex.types import Ids, QueryTerm, TermHashes

TOKENS_VERSION = 2
"""Raised when a change gives any word other terms; every index is then built anew."""

MIN_JOINED_CHARS = 7
"""A plain word of a query may be two words joined from so many letters on."""
MAX_WORD_CHARS = 128
"""Longer words give no terms: they are hashes or encoded data."""

WORD = re.compile(r"[^\W\d]\w*|(?<!\d)\d++[A-Za-z_]\w*")
_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
# Strings, because few queries need these patterns: ``re`` compiles each when it is first used, and keeps it.
_CJK = f"[{PAIRED}]+"
_WIDE_RUN = rf"[{PAIRED}]+|\d+|[^\W\d_{PAIRED}]+"
_WORD_BYTES = bytes(
    value if (value >= 0x80 or chr(value).isalnum() or value == 0x5F) else 0x20 for value in range(256)
)

STOP_WORDS = frozenset(
    """a about above across after again all also am an and any are as at be because been before being
    below between both but by can could did do does doing done down during each few find for from
    further had has have having he her here hers him his how i if in into is it its itself just
    let like locate look make may me might more most must my need needs no nor not now of off on once
    only onto or other our out over own please same she should show so some such than that the their
    them then there these they this those through to too under until up upon us use used using very
    via want was we were what when where which while who whom whose why will with within without would
    you your code implement implemented implementation implements happen happens work works happening
    defined definition place places""".split()
)
"""Words that are dropped from a query if another word is left; documents keep them."""
_DROPPED = STOP_WORDS | scripts.RUSSIAN


_FOREIGN_WORDS = (
    # German, French, Spanish, Portuguese, Italian, Dutch: articles, prepositions, question words, helpers.
    """aber als am auf aus bei beim bis das dass dem den der des die dies diese dieser durch ein eine einem
    einen einer es für gibt haben hat ich ist kann mit nach nicht oder ohne sich sie sind über um und vom
    von vor wann warum was welche welcher wenn werden wie wird wo zu zum zur""",
    """au aux avec ce ces cet cette comment dans de des donc du elle en est et il ils la le les leur lorsque
    mais ne nous ou où par pas pour pourquoi qu quand que quel quelle qui sans se ses si son sont sous sur
    un une vers""",
    """al antes cada como cómo con cual cuál cuando cuándo de del desde donde dónde el ella en entre es esta
    este esto hace hacia la las lo los más para pero por porque qué que quién se sin sobre son su sus un
    una y""",
    """ao aos as até com como da das de depois do dos é ela ele em entre essa esse esta este eu feita feito
    foi mais mas na nas no nos o onde os ou para pela pelo por qual quando que quem se sem seu são sobre sua
    um uma""",
    """al alla anche che chi ci come con cosa da dal dalla dei del della delle di dopo dove e è fra gli i il
    in la le lo ma nel nella non o per perché più prima quale quando quello questa questo se senza si sono
    su sul sulla tra un una viene""",
    """aan als bij dan dat de deze die dit door een en er geen gebeurt heeft hem het hij hoe hun ik is kan
    maar met naar niet nog om onder ons ook op over te tot uit van voor waar waarom wanneer wat welke wie
    wordt worden zij zijn zonder""",
)
"""Function words of other languages than English, dropped from a question in that language. What is left are
the identifiers and technical words, which languages share."""
_FOREIGN = tuple(frozenset(words.split()) for words in _FOREIGN_WORDS)
FOREIGN_SHARE = 0.2
"""A query is in another language when two or more words, and this share of all, are its function words."""


@lru_cache(maxsize=1)
def _stemmer() -> Stemmer.Stemmer:
    return Stemmer.Stemmer("english", 0)


@lru_cache(maxsize=1)
def _cyrillic_stemmer() -> Stemmer.Stemmer:
    return Stemmer.Stemmer("russian", 0)


def stem(part: str) -> str:
    """The stem of a lower-case part: Porter2 of ASCII letters, Snowball of Cyrillic ones, else the part."""
    if part.isascii():
        return str(_stemmer().stemWord(part)) if part.isalpha() else part
    if "\u0400" <= part[0] <= "\u04ff":
        return str(_cyrillic_stemmer().stemWord(part.replace("ё", "е")))
    return part


def words(text: str) -> list[str]:
    """The words of ``text`` in order, each as often as it occurs, in the case of the text."""
    if text.isascii():
        return WORD.findall(text)
    return [usual_forms(word) for word in WORD.findall(unicodedata.normalize("NFC", text))]


def split_word(word: str) -> list[str]:
    """The lower-cased parts of a word, in order: ``HTTPServer2`` gives ``http``, ``server``, ``2``."""
    if word.isascii():
        return [part.lower() for part in _PART.findall(word)]
    return [pair for run in re.findall(_WIDE_RUN, word) for pair in _split_wide(run)]


def _split_wide(run: str) -> list[str]:
    """The lower-cased parts of a run of digits, of CJK characters (overlapping pairs) or of other letters."""
    if re.fullmatch(_CJK, run):
        return [run[i : i + 2] for i in range(len(run) - 1)] or [run]
    parts: list[str] = []
    start = 0
    for i in range(1, len(run)):
        # A part begins at a capital behind a small letter (straßeÖl), and at the last of several capitals
        # that a small letter follows (HTTPÖl).
        if (run[i].isupper() and run[i - 1].islower()) or (
            run[i].isupper() and i + 1 < len(run) and run[i + 1].islower() and run[i - 1].isupper()
        ):
            parts.append(run[start:i].lower())
            start = i
    parts.append(run[start:].lower())
    return parts


def whole_term(word: str) -> str:
    """The compound term of a word, such as ``=getuser`` of ``getUser``."""
    return "=" + word.replace("_", "").lower()


def word_terms(word: str) -> tuple[str, ...]:
    """The terms of one word, the compound term last; none for a word over 128 characters."""
    return _short_word_terms(word) if len(word) <= MAX_WORD_CHARS else ()


@lru_cache(maxsize=4096)
def _short_word_terms(word: str) -> tuple[str, ...]:
    parts = split_word(word)
    terms = tuple(stem(part) for part in parts)
    return (*terms, whole_term(word)) if len(parts) > 1 else terms


def text_terms(text: str) -> list[str]:
    """The terms of every word of ``text``, in order, repeated as they occur."""
    return [term for word in words(text) for term in word_terms(word)]


class PathParts(NamedTuple):
    """The parts of a path that ranking compares with the words of a query."""

    folder: str
    """The path of the folder that holds the file."""
    stem: str
    """The file name without its extensions; for an ``__init__.py`` and the like, the name of its folder."""
    parent: str
    """The name of the folder that holds the file; for an ``__init__.py`` and the like, of the one above."""
    stands_for_folder: bool
    """Whether the file is an ``__init__.py``, ``mod.rs``, ``index.ts``, ``init.lua`` or the like."""


_FOLDER_FILES = frozenset(("__init__", "mod", "index", "init"))
_FOLDER_FILE_ENDS = (".py", ".pyi", ".rs", ".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".lua")


def path_parts(path: str) -> PathParts:
    """The parts of a root-relative path."""
    folder, _, name = path.rpartition("/")
    stem = name[1:].partition(".")[0] if name.startswith(".") else name.partition(".")[0]
    above, _, parent = folder.rpartition("/")
    stands = bool(parent) and stem in _FOLDER_FILES and name.endswith(_FOLDER_FILE_ENDS)
    if stands:
        return PathParts(folder, parent, above.rpartition("/")[2], True)
    return PathParts(folder, stem or name, parent, False)


def matching_ranges(text: str, terms: Collection[str]) -> list[tuple[int, int]]:
    """The character ranges, in order, of the words of ``text`` that have one of the ``terms``."""
    wanted = frozenset(terms)
    found = list(WORD.finditer(text))
    # Stemming takes most of the time, so each distinct word is stemmed once.
    wanted_words = {word for word in {match[0] for match in found} if not wanted.isdisjoint(word_terms(word))}
    return [match.span() for match in found if match[0] in wanted_words]


def fullest_line(text: str, ranges: Iterable[tuple[int, int]], terms: Collection[str]) -> int | None:
    """The line of ``text``, from 0, whose words at some ranges have most distinct ``terms``.

    The first one on a tie; None without a range.
    """
    wanted = frozenset(terms)
    of_word: dict[str, frozenset[str]] = {}
    of_line: dict[int, frozenset[str]] = {}
    line = at = 0
    for start, end in ranges:
        line, at = line + text.count("\n", at, start), start
        word = text[start:end]
        if word not in of_word:
            of_word[word] = wanted.intersection(word_terms(word))
        of_line[line] = of_line.get(line, frozenset()) | of_word[word]
    return max(of_line, key=lambda each: (len(of_line[each]), -each), default=None)


@lru_cache(maxsize=16384)
def hash_term(term: str) -> int:
    """The xxh3-64 hash of a term or name: its key in every table of an index."""
    return xxhash.xxh3_64_intdigest(term.encode("utf-8", "surrogateescape"))


def hash_terms(terms: Iterable[str]) -> TermHashes:
    """The :func:`hash_term` of each term, in order, shape ``(n,)``."""
    return np.fromiter(map(hash_term, terms), dtype=np.uint64)


def defined_name(name: str) -> str:
    """The compound term of the last component of a name: ``=getuser`` of ``Server.get_user``.

    Definitions are looked up by it, and a selector (``load:into:``) by its first part. A name without word
    characters is returned unchanged.
    """
    found = raw_words(name.encode("utf-8", "replace"))
    told = found[0 if name.endswith(":") else -1].decode("utf-8", "replace") if found else name
    return whole_term(told)


def symbol_key(defined: str) -> int:
    """The 32-bit key of a :func:`defined_name`; two names may have the same key."""
    return hash_term(defined) >> 32


def is_identifier(word: str) -> bool:
    """Whether a word of a query looks like a name: it has several parts, or a capital first letter only."""
    return _is_identifier(word[:MAX_WORD_CHARS])  # so that a cache does not keep long words


@lru_cache(maxsize=4096)
def _is_identifier(word: str) -> bool:
    return len(split_word(word)) > 1 or (word[:1].isupper() and not word.isupper() and len(word) > 1)


def query_terms(text: str) -> list[QueryTerm]:
    """The distinct terms of a query with their weights, in the order of the terms.

    A term weighs 1 for each word of the query that has it, at most 2; two or three neighbouring plain words
    joined to one compound term (``user name`` finds ``userName``) weigh 0.5, as does a longer plain word as a
    compound term (``phpredis`` finds ``PhpRedis``). Stop words, single letters and
    the function words of a question in another language are dropped unless nothing else is left.
    """
    text = unicodedata.normalize("NFC", text)
    found = words(scripts.asked(text)) or words(text)
    dropped = _DROPPED | _function_words(found)
    plain = (word for word in found if len(word) > 1 or not word.isascii())
    kept = [word for word in plain if word.lower() not in dropped] or found
    weights: dict[str, float] = {}
    sources: dict[str, str] = {}
    for word in kept:
        for term in word_terms(word):
            if len(term) == 1 and len(kept) > 1 and term.isascii() and term.isalpha():
                continue
            weights[term] = min(2.0, weights.get(term, 0.0) + 1.0)
            sources.setdefault(term, word)
    for joined, source in (*_compounds(kept), *_whole_words(kept)):
        if joined not in weights:
            weights[joined] = 0.5
            sources[joined] = source
    return [
        QueryTerm(term, weights[term], sources[term], term[0] == "=", script_of(term))
        for term in sorted(weights)
    ]


def _function_words(found: Sequence[str]) -> frozenset[str]:
    """The function words of the language of a question; none for English."""
    asked = frozenset(word.lower() for word in found) - STOP_WORDS
    known = max(_FOREIGN, key=lambda language: len(language & asked))
    many = len(known & asked) >= max(2, FOREIGN_SHARE * len(asked))
    return known if many else frozenset()


def _compounds(kept: Sequence[str]) -> Iterable[tuple[str, str]]:
    """The compound terms that two or three neighbouring plain words make, each with these words."""
    plain = [word.lower() if word.isascii() and word.isalpha() else "" for word in kept[:64]]
    for size in (2, 3):
        for start in range(len(plain) - size + 1):
            run = plain[start : start + size]
            if all(run):
                yield "=" + "".join(run), " ".join(run)


def _whole_words(kept: Sequence[str]) -> Iterable[tuple[str, str]]:
    """The compound terms that longer plain words may be, each with its word."""
    for word in dict.fromkeys(kept):
        if len(word) >= MIN_JOINED_CHARS and word.isascii() and word.isalpha() and len(split_word(word)) == 1:
            yield whole_term(word), word


class RawWords(NamedTuple):
    """The ``n`` raw words of a text, in order, as :func:`tokenise` cuts them."""

    words: list[bytes]
    starts: Ids
    """Shape ``(n,)``: the byte offset of each word."""


def raw_words(text: bytes) -> list[bytes]:
    """The words that :func:`tokenise` gives, without their offsets."""
    return text.translate(_WORD_BYTES).split()


def tokenise(text: bytes) -> RawWords:
    """Cut UTF-8 bytes into raw words: runs of ASCII letters, digits, ``_`` and bytes over 0x7f.

    A raw word may be a bare number or hold punctuation outside ASCII; :class:`Lexicon` deals with both.
    """
    blanked = text.translate(_WORD_BYTES)
    is_word = np.frombuffer(blanked, dtype=np.uint8) != 0x20
    # A word starts at each word byte that has none before it.
    starts = np.flatnonzero(is_word & np.diff(is_word, prepend=False))
    return RawWords(blanked.split(), starts.astype(np.int64))


class Lexicon:
    """Gives each raw word an id, 0 and up, and each id the hashes of the word's terms.

    Not thread-safe: each worker has its own, and ids mean nothing outside it.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget all words; ids given before mean nothing any more."""
        self._ids: dict[bytes, int] = {}
        # Arrays, because an integer in a list takes five times the memory, and there are a million of them.
        self._offsets = array("q", [0])
        self._terms = array("Q")
        self._find_parts = re.compile(_PART.pattern.encode()).findall
        self._part_hashes: dict[bytes, int] = {}
        self._frozen: tuple[Ids, TermHashes] | None = None

    def __len__(self) -> int:
        return len(self._ids)

    def ids(self, raw: Sequence[bytes]) -> Ids:
        """The id of each raw word, shape ``(n,)``; new words are added."""
        known = self._ids
        for word in set(raw).difference(known):
            self._add(word)
        return np.fromiter(map(known.__getitem__, raw), dtype=np.int64, count=len(raw))

    def _add(self, raw: bytes) -> None:
        self._frozen = None
        self._ids[raw] = len(self._ids)
        if not raw.isascii():
            for word in words(raw.decode("utf-8", "replace")):
                self._terms.extend(map(hash_term, word_terms(word)))
        elif len(raw) <= MAX_WORD_CHARS and not raw.isdigit():
            self._add_terms(raw)
        self._offsets.append(len(self._terms))

    def _add_terms(self, word: bytes) -> None:
        """Add the hashes of the :func:`word_terms` of an ASCII word; each part is stemmed and hashed once."""
        known, add = self._part_hashes, self._terms.append
        parts = self._find_parts(word)
        for part in parts:
            value = known.get(part)
            if value is None:
                value = known[part] = hash_term(stem(part.lower().decode()))
            add(value)
        if len(parts) > 1:
            add(xxhash.xxh3_64_intdigest(b"=" + word.replace(b"_", b"").lower()))

    def arrays(self) -> tuple[Ids, TermHashes]:
        """``offsets``, shape ``(n + 1,)``, and ``terms``, where id ``i`` has those between two offsets."""
        if self._frozen is None:
            self._frozen = np.array(self._offsets, dtype=np.int64), np.array(self._terms, dtype=np.uint64)
        return self._frozen


CHARS_PER_TOKEN = 3
"""Code has three to four characters a token with most tokenizers; three is on the safe side."""


def model_tokens(text: str) -> int:
    """About how many tokens of a language model a text takes; rather too many than too few."""
    return -(-characters(text) // CHARS_PER_TOKEN)


def characters(text: str) -> int:
    """How many characters of ASCII take as many tokens as a text."""
    # A character outside ASCII is often a token by itself.
    return len(text) if text.isascii() else sum(1 if char < "\x80" else CHARS_PER_TOKEN for char in text)
