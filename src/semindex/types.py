"""Records that travel between rooms: frozen, slotted, without behaviour of their own.

Conventions, everywhere: paths are root-relative POSIX strings (bytes that are not UTF-8 survive as
surrogate escapes, see :func:`os.fsencode`); lines are 1-based and inclusive; byte ranges are
half-open and count bytes of the *analysis text* (:attr:`SourceFile.text`), which for UTF-8 files is
the file as stored.
"""

from __future__ import annotations

from abc import ABCMeta
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum, IntEnum, StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias, TypeVar, overload

from msgspec import Struct, StructMeta

if TYPE_CHECKING:  # nothing here runs numpy, which takes longer to import than the command line's help
    import numpy as np
    import numpy.typing as npt

T = TypeVar("T")

Vectors: TypeAlias = "npt.NDArray[np.float32]"
"""Shape ``(n, dim)``, C order; every row has unit length or is all zero."""
Vector: TypeAlias = "npt.NDArray[np.float32]"
"""Shape ``(dim,)``; unit length or all zero."""
Int8Vectors: TypeAlias = "npt.NDArray[np.int8]"
"""Shape ``(n, dim)``: unit rows times 127, rounded half to even."""
TermHashes: TypeAlias = "npt.NDArray[np.uint64]"
"""xxh3-64 of the UTF-8 bytes of each term."""
Ids: TypeAlias = "npt.NDArray[np.int64]"
"""Positions, or numbers that name files, chunks or rows; int64."""
Floats: TypeAlias = "npt.NDArray[np.float64]"
"""Scores and other sums; float64."""
Mask: TypeAlias = "npt.NDArray[np.bool_]"
"""Whether each item is meant; as long as the items."""


class Kind(IntEnum):
    """What a symbol or a chunk is. The numbers are stored in segments: append, never renumber."""

    BLOCK = 0
    """A run of lines that no definition owns."""
    TEXT = 1
    """Prose."""
    CONFIG = 2
    """A block of a configuration or data file."""
    SECTION = 3
    """A heading of a document, and what stands under it."""
    FUNCTION = 4
    METHOD = 5
    CLASS = 6
    INTERFACE = 7
    STRUCT = 8
    ENUM = 9
    TRAIT = 10
    TYPE = 11
    MODULE = 12
    CONSTANT = 13
    VARIABLE = 14
    MACRO = 15
    OBJECT = 16
    IMPLEMENTATION = 17
    TABLE = 18
    FIELD = 19
    SETTING = 20
    """A key of a configuration file, or an environment variable."""

    @property
    def label(self) -> str:
        """The lower-case name, as it stands in queries, JSON and help."""
        return self.name.lower()


class SkipReason(Enum):
    """Why a file that the walk saw is not in the index."""

    BINARY = "binary"
    TOO_LARGE = "too large"
    MINIFIED = "minified"
    GENERATED = "generated"
    SECRET = "secret"
    EMPTY = "empty"
    SPECIAL = "not a regular file"
    OUTSIDE = "link out of the root"
    LINK = "link to a file seen elsewhere"
    PERMISSION = "permission denied"
    VANISHED = "vanished while read"
    UNREADABLE = "unreadable"
    UNDECODABLE = "unknown encoding"
    NOT_CHECKED_OUT = "not checked out"
    FAILED = "analysis failed"


class FileRef(NamedTuple):
    """A regular file as the walk saw it; ``path`` relative to the root.

    A tuple, because a refresh makes and compares two for each file there is.
    """

    path: str
    size_bytes: int
    mtime_ns: int
    ctime_ns: int
    inode: int


class FileFailure(Struct, frozen=True):
    """A file that is not (wholly) indexed: where it stopped, and why."""

    path: str
    stage: str
    """``walk``, ``read``, ``parse``, ``analyse``."""
    reason: SkipReason
    detail: str = ""
    ref: FileRef | None = None
    """What the walk saw, where it saw anything; an unchanged file is then not tried again."""


class LeftOut(Struct, frozen=True):
    """A file that is not indexed, as it is listed to a user."""

    path: str
    reason: SkipReason
    size_bytes: int | None
    """As stored; None of links and of what is no file."""
    detail: str


class SourceFile(Struct, frozen=True):
    """A file's bytes, and the text that is analysed."""

    path: str
    text: bytes
    """UTF-8. For a file stored as UTF-8 (with or without BOM) exactly the stored bytes, for
    a notebook as :mod:`semindex.source.notebooks` says."""
    digest: bytes
    """xxh3-128 of the stored bytes, 16 bytes."""
    language: str
    """Lower-case name from the language table; ``text`` when nothing is known."""
    size_bytes: int
    """Length as stored."""


class Span(Struct, frozen=True):
    """Lines ``start_line..end_line`` (1-based, inclusive), bytes ``start_byte:end_byte``."""

    start_line: int
    end_line: int
    start_byte: int
    end_byte: int


class Symbol(Struct, frozen=True):
    """A definition."""

    name: str
    kind: Kind
    span: Span
    """From the first line of the definition (decorators included, doc comment excluded) to its end."""
    parent: int = -1
    """Position of the enclosing definition in :attr:`ParsedFile.symbols`, -1 at top level."""
    doc: tuple[int, int] = (0, 0)
    """Byte range of its docstring or leading doc comment, quotes and markers included; empty if none."""


class Chunk(Struct, frozen=True):
    """A run of lines of one owner: what is scored, and what a hit shows."""

    span: Span
    kind: Kind
    owner: int = -1
    """Position in :attr:`ParsedFile.symbols` of the deepest definition that owns the lines, or -1."""
    defines: tuple[int, ...] = ()
    """Positions of the symbols whose definition starts in the chunk, ascending."""


class ParsedFile(Struct, frozen=True):
    """A file cut into chunks; together they cover every byte of ``source.text`` exactly once.

    In a notebook they cover what cells contain, and not the lines between cells.
    """

    source: SourceFile
    chunks: tuple[Chunk, ...]
    symbols: tuple[Symbol, ...]
    """In order of their start; parents before members."""
    comments: npt.NDArray[np.int64]
    """Shape ``(m, 2)``: byte ranges of comments and docstrings, ascending, not overlapping."""
    stopped: str = ""
    """Why a grammar was not used to the end, in words that follow "its parsing"; empty if none was stopped.
    The definitions are then those that are found by the lines on which they begin."""
    facts: bytes = b""
    """What the code graph is made of, as :mod:`semindex.parse.facts.model` packs it; empty without any."""
    named: frozenset[str] = frozenset()
    """The names by which the code graph may look for this file."""


class TermCounts(Struct, frozen=True):
    """Term counts of ``n`` rows in CSR form; within a row the hashes ascend and are distinct."""

    offsets: npt.NDArray[np.int64]
    """Shape ``(n + 1,)``."""
    terms: TermHashes
    """Shape ``(offsets[-1],)``."""
    counts: npt.NDArray[np.uint16]
    """Shape ``(offsets[-1],)``, at least 1, saturating at 65535."""


class Documents(Struct, frozen=True):
    """What an embedder is given for ``n`` chunks of one or several files."""

    content: TermCounts
    """Body and comments together, ``n`` rows."""
    names: TermCounts
    """Names defined and names of enclosing definitions together, ``n`` rows."""
    paths: TermCounts
    """Path and file stem together, one row a *file*."""
    path_row: npt.NDArray[np.int64]
    """Shape ``(n,)``: the chunk's row in ``paths``."""
    texts: Sequence[str] = ()
    """Path, names and lines of each chunk, ``n`` of them; none for an embedder that reads terms only."""


class Kept(Struct, frozen=True):
    """What a model made of a text, as a cache keeps it."""

    numbers: Vector
    """Shape ``(n,)``, float32: a vector, or one logit."""
    read_tokens: int
    total_tokens: int
    """More than ``read_tokens`` when the model read the beginning only."""


class VectorStore(Protocol):
    """Keeps what models computed; ``semindex.store.vectorcache`` has the one on disk."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of it."""

    def get(self, model: str, digests: Sequence[bytes], *, width: int | None) -> Mapping[bytes, Kept]:
        """What is known of some texts, of ``width`` numbers each (any, when None)."""

    def put(self, model: str, entries: Mapping[bytes, Kept]) -> None:
        """Keep what was computed; what is known stays."""

    def close(self) -> None:
        """Give files back; they are opened again when needed."""


class QueryTerm(Struct, frozen=True, gc=False):
    """A term of a query: ``weight`` > 0; ``identifiers`` are the words as typed that gave it."""

    term: str
    weight: float
    source: str
    """The word (or joined words) of the query that gave it."""
    is_compound: bool = False
    """Whether it stands for a whole identifier of several parts, which are terms of their own."""
    script: str = ""
    """What its letters are called when they are not Latin; such a term counts only where it occurs."""


class Embedder(Protocol):
    """Turns the terms, or the texts, of chunks and queries into vectors."""

    @property
    def fingerprint(self) -> str:
        """Model, revision and preprocessing; stored in every segment."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    @property
    def resident_bytes(self) -> int:
        """Memory that it takes in every process that embeds with it; what is mapped does not count."""

    @property
    def reads_text(self) -> bool:
        """Whether it reads :attr:`Documents.texts` rather than the counts."""

    @property
    def meaning(self) -> float:
        """How much its cosines count in ranking beside those of the bundled words, which are 1."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of how it works here."""

    def embed_documents(self, documents: Documents) -> Vectors:
        """Rows in the order of the chunks; a row's bytes do not depend on the other rows."""

    def embed_query(
        self, terms: Sequence[QueryTerm], *, idf: Callable[[str], float], text: str = ""
    ) -> Vector:
        """The query's vector, from its terms or its text; ``idf`` is a term's weight in the live corpus."""

    def close(self) -> None:
        """Give files back; they are opened again when needed."""


class Mode(StrEnum):
    """Which signals rank."""

    HYBRID = "hybrid"
    LEXICAL = "lexical"
    DENSE = "dense"


class GroupBy(StrEnum):
    """Whether a file appears once, with its best span, or once a matching chunk."""

    FILE = "file"
    CHUNK = "chunk"


class Filters(Struct, frozen=True):
    """Applied before anything is ranked or cut. Empty tuples let everything pass."""

    languages: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    """Globs or plain prefixes; a file passes when any matches."""
    excluded_paths: tuple[str, ...] = ()
    """A file passes when none matches."""
    kinds: tuple[Kind, ...] = ()
    scope: str = ""
    """Folder, root-relative; only files below it."""
    repositories: tuple[str, ...] = ()
    """Names or globs of repositories; a file passes when a name of its repository matches any."""
    excluded_repositories: tuple[str, ...] = ()
    """A file passes when none matches."""
    symbols: tuple[str, ...] = ()
    """Names of definitions; a chunk passes when one begins in it, whatever its case and underscores."""


class Place(Struct, frozen=True):
    """A path as a query has it, and a line of the file, 1-based; no line when it is 0."""

    path: str
    line: int = 0


class Query(Struct, frozen=True):
    """A query, parsed: free words, quoted phrases, filters."""

    raw: str
    text: str
    """Without filters, phrases included without their quotes; of a log line its message."""
    phrases: tuple[str, ...] = ()
    filters: Filters = Filters()
    notes: tuple[str, ...] = ()
    """What looks like a filter and is none: a sentence for each name."""
    weighed: bool = False
    """Whether what has the phrases comes first, in place of being all that is found."""
    kind: str = "words"
    """What was recognised: ``name``, ``place``, ``stack trace``, ``log line``, ``words``, or ``pattern``."""
    places: tuple[Place, ...] = ()
    """Paths, with lines, that the query names; the most important first."""
    patterns: tuple[str, ...] = ()
    """Regular expressions between slashes: a chunk passes when each matches one of its lines."""


# Without ``gc``: an answer makes hundreds, none can be part of a cycle, and the collector takes a twentieth
# of a query's time to find that out.
class Reason(Struct, frozen=True, gc=False):
    """One signal's part of a hit's points."""

    signal: str
    contribution: float
    """In points; these parts add up to :attr:`Hit.points`, and not to the score."""
    detail: str = ""


class Deferred(Sequence[T]):
    """A sequence that is made when it is first looked at; equal to a tuple of the same items."""

    __slots__ = ("_items", "_make")

    def __init__(self, make: Callable[[], Sequence[T]]) -> None:
        """``make`` gives the items; it is called at most once, and then let go."""
        self._make: Callable[[], Sequence[T]] | None = make
        self._items: tuple[T, ...] = ()

    def _made(self) -> tuple[T, ...]:
        make = self._make
        if make is not None:
            self._items = tuple(make())
            self._make = None
        return self._items

    @overload
    def __getitem__(self, position: int) -> T: ...
    @overload
    def __getitem__(self, position: slice) -> tuple[T, ...]: ...
    def __getitem__(self, position: int | slice) -> T | tuple[T, ...]:
        return self._made()[position]

    def __len__(self) -> int:
        return len(self._made())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._made() == tuple(other)

    def __hash__(self) -> int:
        return hash(self._made())

    def __add__(self, other: Sequence[T]) -> tuple[T, ...]:
        return (*self._made(), *other)

    def __repr__(self) -> str:
        return repr(self._made())

    def __reduce__(self) -> tuple[type[tuple[T, ...]], tuple[tuple[T, ...]]]:
        return tuple, (self._made(),)


class Hit(Struct, frozen=True, gc=False):
    """A span that answers a query."""

    path: str
    start_line: int
    end_line: int
    score: float
    """0 to 100, to one decimal: about how many of 100 hits with this score were judged relevant (see
    docs/ranking.md); of ``related`` the similarity in percent. The order of hits is that of their points."""
    symbol: str | None
    """The definition shown, qualified with its enclosing ones by dots."""
    kind: str
    lang: str
    reasons: Sequence[Reason]
    """What made the points, the largest part first; worked out when it is read."""
    text: str | None
    """The span's lines, read from the file and checked against its digest; None when stale."""
    more: Sequence[Hit]
    """The file's other matching spans, best first (``group_by="file"``); made when they are read."""
    repository: str
    """The root's absolute path."""
    digest: str
    """Hex of the xxh3-128 of the file that was indexed."""
    stale: bool
    """The file has changed, or is gone, since it was indexed."""
    repo: str | None = None
    """The name under which the repository was asked for; None when it was not asked for by name."""
    rev: str | None = None
    """The full id of the commit that was searched; None of the files as they are."""
    cell: int | None = None
    """The cell of a notebook in which the span begins, from 1; None for other files."""
    cell_line: int | None = None
    """The line of the cell with which the span begins, from 1."""
    masked: int = 0
    """How many secrets in ``text`` are overwritten with asterisks."""
    points: float = 0.0
    """The sum of the reasons' contributions, from which the score is computed; it may be negative."""
    part: int | None = None
    """Which part of a long function the span is, or begins with, from 1; None of what is whole."""
    parts: int | None = None
    """Into how many parts this function is cut."""
    spans: tuple[tuple[int, int], ...] = ()
    """Character ranges of ``text`` that match a query term, for highlighting."""
    line: int | None = None
    """The line of the file, in the span, that the query names (``path:line``, a stack trace)."""


class Coverage(Struct, frozen=True):
    """What an answer could see of the tree. Counts are files of the whole index."""

    seen: int
    indexed: int
    chunks: int
    skipped: Mapping[str, int]
    """By reason, :class:`SkipReason` values."""
    freshness: str
    """``fresh`` (checked, nothing changed), ``refreshed`` (changes were indexed first), ``stale``
    (changes were found and not indexed), ``unchecked`` (not looked at)."""
    changed: int = 0
    """Files known to be newer than the index, when ``stale``."""
    notes: tuple[str, ...] = ()
    """What a reader should know: a scope that was applied, a fallback that was taken."""


class Upkept(Struct, frozen=True):
    """What was done about changes before a search, and how its index compares with the files on disk."""

    freshness: str = "unchecked"
    """As :attr:`Coverage.freshness`."""
    changed: int = 0
    """Files known to be newer than the index."""
    notes: tuple[str, ...] = ()


class _SequenceMeta(StructMeta, ABCMeta):
    """The type of a record that is a sequence, too."""


class Hits(Struct, Sequence[Hit], frozen=True, metaclass=_SequenceMeta):
    """An answer: hits in order of rank, and what they were taken from."""

    query: Query
    hits: Sequence[Hit]
    """Best first; made when they are first looked at."""
    coverage: Coverage
    seconds: float = 0.0
    terms: tuple[str, ...] = ()
    """The terms that were looked for, for highlighting: see :func:`semindex.tokens.matching_ranges`."""

    @overload
    def __getitem__(self, position: int) -> Hit: ...
    @overload
    def __getitem__(self, position: slice) -> tuple[Hit, ...]: ...
    def __getitem__(self, position: int | slice) -> Hit | tuple[Hit, ...]:
        return tuple(self.hits[position]) if isinstance(position, slice) else self.hits[position]

    @property
    def masked(self) -> int:
        """How many secrets are masked in the texts of all hits."""
        return sum(each.masked for hit in self.hits for each in (hit, *hit.more))

    def __len__(self) -> int:
        return len(self.hits)

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)


class Member(Struct, frozen=True, gc=False):
    """A definition directly inside another one."""

    symbol: str
    """Qualified with its enclosing definitions by dots."""
    name: str
    kind: str
    start_line: int
    end_line: int
    signature: str | None
    """As :attr:`Definition.signature`."""


class Definition(Struct, frozen=True, gc=False):
    """A definition, as it is found by its name."""

    path: str
    start_line: int
    end_line: int
    symbol: str
    """Qualified with its enclosing definitions by dots."""
    name: str
    kind: str
    lang: str
    repository: str
    """The root's absolute path."""
    digest: str
    """Hex of the xxh3-128 of the file that was indexed."""
    stale: bool
    """The file has changed, or is gone, since it was indexed."""
    signature: str | None
    """Its head, from its first line up to where its body begins; None when stale."""
    text: str | None
    """Its lines, the first ones of a long definition; None when stale, and in the outline of a file."""
    truncated: bool
    """Whether ``text`` ends before the definition does."""
    masked: int
    """How many secrets in ``text`` are overwritten with asterisks."""
    members: tuple[Member, ...] = ()
    """The definitions directly inside, in their order."""
    repo: str | None = None
    """As :attr:`Hit.repo`."""
    rev: str | None = None
    """As :attr:`Hit.rev`."""


class Definitions(Struct, frozen=True):
    """An answer: the definitions of a name, or the outline of a file."""

    name: str
    """As it was asked for."""
    definitions: Sequence[Definition]
    """Best first; of a file in their order."""
    total: int
    """How many there are in all."""
    suggestions: tuple[str, ...]
    """Only when nothing is found: qualified names near to the one asked for, or paths near to a path."""
    coverage: Coverage
    seconds: float = 0.0

    @property
    def masked(self) -> int:
        """How many secrets are masked in the texts of all definitions."""
        return sum(each.masked for each in self.definitions)


class Meant(Struct, frozen=True, gc=False):
    """A definition that the code graph tells of, or a file as a whole."""

    path: str
    line: int
    """Of the name, 1-based; 1 for a file."""
    symbol: str
    """Qualified with its enclosing definitions by dots; empty for a file."""
    lang: str
    repository: str
    """The root's absolute path."""
    repo: str | None = None
    """The name under which the repository was asked for; None when it was not asked for by name."""


class Link(Struct, frozen=True, gc=False):
    """A place that uses a definition, or imports a file."""

    path: str
    line: int
    """1-based."""
    column: int
    """Of the name that is used, 1-based, in bytes of UTF-8; 0 where the line alone is known."""
    symbol: str | None
    """The definition around the place, qualified; None where it stands in none."""
    role: str
    """``call``, ``read``, ``type``, ``base``, ``decorator``, ``import``."""
    name: str
    """The name that stands there, or the module."""
    tier: str
    """How it is known: ``precise``, ``resolved``, ``scoped``, ``external`` (it leads out of the index), or
    ``name`` (only the name is known). Of several places in a row the least sure."""
    via: str
    """``override`` where a member of a subclass is meant that overrides the one asked for, ``base`` where one
    of a base is; else empty."""
    distance: int
    """How many places lie between what was asked for and this one, itself among them."""
    test: bool
    """Whether it stands in a test."""
    target: Meant | None
    """What is used; None where that is not in the index, or not known."""
    text: str | None
    """The line; None when stale."""
    lang: str
    repository: str
    """The root's absolute path."""
    stale: bool
    """The file has changed, or is gone, since it was indexed."""
    repo: str | None = None
    """As :attr:`Meant.repo`."""


class Links(Struct, frozen=True):
    """What the code graph knows of a name or a file."""

    name: str
    """As it was asked for."""
    what: str
    """``refs``, ``callers``, ``callees``, ``imports``, ``impact``, ``path``."""
    definitions: tuple[Meant, ...]
    """What was taken to be meant; several are variants of one, such as overloads."""
    links: tuple[Link, ...]
    """Those in tests behind the others; then by distance, path and line."""
    total: int
    """How many places there are, shown or not."""
    at_least: bool
    """Whether there are more than :attr:`total`, which were not looked for."""
    tests: int
    """How many of the total stand in tests."""
    candidates: tuple[Meant, ...]
    """Where the name may mean several definitions: these, and nothing else is answered."""
    suggestions: tuple[str, ...]
    """Names near to one that nothing has."""
    coverage: Coverage
    seconds: float = 0.0


class Text(Struct, frozen=True, gc=False):
    """Lines of a file, or why they cannot be given."""

    path: str
    """Root-relative; as it was asked for where no file is found."""
    start_line: int
    end_line: int
    """The last line that is given; 0 when none is."""
    lines: int
    """How many the whole file has."""
    text: str | None
    """The lines as they are in the file today; None when they cannot be given."""
    lang: str
    repository: str
    """The root's absolute path; empty where no file is found."""
    digest: str
    """Hex of the xxh3-128 of the file that ``text`` was read from."""
    stale: bool
    """The file has changed, or is gone, since it was indexed."""
    symbol: str | None = None
    """The innermost definition around the first line; None when stale."""
    masked: int = 0
    """How many secrets in ``text`` are overwritten with asterisks."""
    problem: str = ""
    """Why there is no text, in a sentence."""
    repo: str | None = None
    """As :attr:`Hit.repo`."""
    rev: str | None = None
    """As :attr:`Hit.rev`."""


class Texts(Struct, frozen=True):
    """An answer: spans of files, in the order in which they were asked for."""

    spans: tuple[Text, ...]
    notes: tuple[str, ...]
    """What a reader should know of some spans: that they are cut, or which of several files was taken."""
    coverage: Coverage
    seconds: float = 0.0

    @property
    def masked(self) -> int:
        """How many secrets are masked in all texts."""
        return sum(each.masked for each in self.spans)


class GrepPlan(Struct, frozen=True):
    """What was decided before an exact search."""

    files: int
    """How many files the question is about."""
    searched: int
    """How many of them ripgrep was given."""
    spared: int
    """How many of them cannot match, by the index."""
    unsure: int
    """How many of those searched the index knows nothing of: new, changed, not covered, not indexed."""
    grams: tuple[str, ...] = ()
    """What a file must hold to be searched."""
    reason: str = ""
    """Why none could be spared, or fewer than one may expect; empty if that needs no reason."""


class Match(Struct, frozen=True, gc=False):
    """A line that matches, or with ``multiline`` the lines of one match."""

    path: str
    """Root-relative."""
    line: int
    """1-based."""
    column: int
    """Byte of the first match in the line, 1-based; 1 where lines are found that do not match."""
    text: str
    """Without its line end; of a very long line the part around its first match."""
    ranges: tuple[tuple[int, int], ...]
    """Begin and end of each match, in bytes of the whole line, 0-based."""
    before: tuple[str, ...]
    """Lines of context that end right before it, some of which may match, too; as many as there are."""
    after: tuple[str, ...]
    repository: str
    """The root's absolute path."""
    repo: str | None = None
    """As :attr:`Hit.repo`."""
    text_begin: int = 0
    """The byte of the line at which ``text`` begins."""
    masked: int = 0
    """How many secrets in its texts are overwritten with asterisks."""


class FileMatches(Struct, frozen=True, gc=False):
    """How many lines of a file match."""

    path: str
    lines: int
    repository: str
    repo: str | None = None


class Matches(Struct, frozen=True):
    """An answer: every line that matches, or the first of them and how many each file has."""

    matches: tuple[Match, ...]
    """In the order of repositories and of the names of folders and files, then by line."""
    counts: tuple[FileMatches, ...]
    """The files with most lines first, ties by path; at most 1,000."""
    total_matches: int
    """How many lines match in all."""
    total_files: int
    next_offset: int | None
    """The ``offset`` that gives the lines after these; None when there are none."""
    plan: GrepPlan
    coverage: Coverage
    seconds: float = 0.0

    @property
    def masked(self) -> int:
        """How many secrets are masked in all texts."""
        return sum(each.masked for each in self.matches)


class Progress(Struct, frozen=True):
    """A step of a build, for whoever draws it."""

    stage: str
    """``wait`` (for another process that is writing), ``walk``, ``share`` (files are compared with those of
    another index), ``index``, ``merge`` or ``verify``."""
    done: int
    total: int | None
    unit: str
    """``files``, ``segments``, ``seconds`` or ``bytes``."""
    path: str = ""


class Cluster(Struct, frozen=True):
    """Other processes, as a rule on other machines, that are to do the work of a build."""

    address: str
    """Of a dask scheduler (``tcp://host:8786``, ``tls://``), or ``local:4`` for four workers here."""
    segments_url: str = ""
    """Where workers leave segments, as fsspec writes it; empty to have them sent back."""
    shared_disk: bool = False
    """Whether workers see the root under the same path and read it themselves; else the files are sent."""
    patience_seconds: float = 120.0
    """How long a worker may be silent over the smallest batch before it is taken to hang."""


class Shared(Struct, frozen=True):
    """Files that were taken from another index instead of being analysed, in segments that both have."""

    root: str
    """The absolute path of the folder of that index."""
    files: int


class BuildReport(Struct, frozen=True):
    """What a refresh did. Counts are files unless the name says otherwise."""

    added: int
    changed: int
    removed: int
    unchanged: int
    skipped: Mapping[str, int]
    failures: tuple[FileFailure, ...]
    warnings: tuple[str, ...]
    seconds: float
    peak_bytes: int
    """Peak resident memory of all processes: each one's own highest (this one's since it began), added up,
    so never less than what they held at once."""
    processes: int
    """How many worked on it, this one included."""
    source_bytes: int
    """Bytes of the files indexed in this run."""
    chunks: int
    """Live chunks afterwards."""
    files: int
    """Indexed files afterwards."""
    generation: int
    merged_segments: int = 0
    shared: tuple[Shared, ...] = ()
    """What was taken from other indexes in this run; its files count as added or changed, too."""


class Status(Struct, frozen=True):
    """The state of an index."""

    root: str
    index_dir: str
    generation: int
    model: str
    analysis: str
    seen: int
    indexed: int
    chunks: int
    symbols: int
    """Definitions in the indexed files."""
    skipped: Mapping[str, int]
    failures: tuple[FileFailure, ...]
    """Files that could not be read or analysed."""
    languages: Mapping[str, int]
    """Indexed files by language."""
    segments: int
    dead_files: int
    index_bytes: int
    source_bytes: int
    freshness: str
    changed: int
    peak_bytes: int = 0
    """Peak resident memory of the last build that indexed anything, as in :class:`BuildReport`; 0 when it
    is not known."""
    shared: tuple[Shared, ...] = ()
    """The indexed files that are still in segments which were taken from other indexes."""
    mapped: bool = False
    """Whether segments are mapped when they are asked, or read whole."""
    left_out: tuple[LeftOut, ...] = ()
    """The files that are not indexed, by path, if they were asked for."""
    problems: tuple[str, ...] = ()
    """Integrity errors found by verification."""
    notes: tuple[str, ...] = ()


class CacheStats(Struct, frozen=True):
    """The vectors that are kept on disk."""

    path: str
    entries: int
    models: int
    """How many models the entries are of."""
    nbytes: int
    limit_bytes: int
    hits: int
    """Texts whose vector was known, since the cache was begun or cleared."""
    misses: int
    notes: tuple[str, ...] = ()


ProgressCallback = Callable[[Progress], None]
"""Called from the thread that builds."""
