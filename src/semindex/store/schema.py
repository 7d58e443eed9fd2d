"""What a segment holds: one table, with a row for each stored column and each field of postings.

Example: a file ``a.py`` with two chunks, of which the second is the function ``load``, is stored as

- one row of every column by file: ``paths`` has ``a.py``, ``file_chunks`` has 2, ``file_symbols`` has 1;
- two rows of every column by chunk: ``chunk_lines`` has ``(1, 4), (5, 9)``, ``chunk_owners`` has ``-1, 0``
  (the second chunk belongs to symbol 0);
- one row of every column by symbol: ``symbol_names`` has ``load``, ``symbol_chunks`` has 1;
- lists of postings: in the field ``name`` the term ``load`` occurs in chunk 1, in the field ``path`` the term
  ``a`` occurs in file 0.

Ordinals count from 0 within a segment. When segments are joined, rows of dead files are left out, so
columns that hold ordinals are renumbered; a row of this table says which (:attr:`Column.refers`).

To add a section, add a row here, put its value into the content (``indexing/work.py``), and read it with
:meth:`Segment.section`. Writing, joining and checking follow from the row. A new section starts out with
``required=False``: segments that were written before do not have it, so its reader asks :meth:`Segment.has`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import Enum, IntFlag, auto
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct


class Cover(IntFlag):
    """What exact search knows of a file, besides the trigrams of its blocks."""

    ALONE = 1
    """Exact search alone has the file: it has no chunks, and no other search sees it."""
    SCANNED = 2
    """It is to be read for any pattern, as its trigrams are not in the lists."""
    SILENT = 4
    """It need not be read for any: ripgrep finds nothing in a binary file, or an empty one."""


class RowsOf(Enum):
    """What a row of a column stands for, and an ordinal in it counts."""

    FILE = "file"
    CHUNK = "chunk"
    SYMBOL = "symbol"


FILE, CHUNK, SYMBOL = RowsOf


class Form(Enum):
    """How a column lies in a segment."""

    NUMBERS = auto()
    """One section: an array of shape ``(rows, *shape)``."""
    STRINGS = auto()
    """Two: ``NAME``, the bytes of all strings one after the other, and ``NAME.offsets``, where each begins
    and the last one ends."""
    CODES = auto()
    """Three: the distinct strings, ascending, as ``STRINGS``, and for each row the number of its own among
    them, in ``ROWS_NAME`` (``file_languages``). For strings that many rows share."""
    ORDER = auto()
    """One: the ordinals of all rows, ordered by another column; made from it when a segment is written."""


class Column(Struct, frozen=True, kw_only=True):
    """One stored column."""

    name: str
    rows: RowsOf
    form: Form = Form.NUMBERS
    dtype: type[np.generic] = np.uint8
    """Of the numbers, codes or ordinals."""
    shape: tuple[int, ...] = ()
    """What each row holds: ``()`` is one number; -1 stands for any extent that is the same in all rows."""
    refers: RowsOf | None = None
    """The numbers are ordinals of these, renumbered when segments are joined. Where the dtype has a sign, -1
    stands for none, and an ordinal of a row that is left out becomes -1."""
    step: int = 1
    """Of ``STRINGS``: each has a multiple of so many bytes."""
    orders: str = ""
    """Of ``ORDER``: the column whose values give the order; equal ones stay in the order of their rows."""
    required: bool = True

    @property
    def sections(self) -> tuple[str, ...]:
        """The names of its sections, as they are written."""
        strings = (self.name, f"{self.name}.offsets")
        match self.form:
            case Form.STRINGS:
                return strings
            case Form.CODES:
                return (*strings, f"{self.rows.value}_{self.name}")
        return (self.name,)

    def check(self, array: npt.NDArray[Any], rows: int) -> None:
        """Accept an array of numbers that the column may hold.

        Raises:
            ValueError: It has another dtype, shape or number of rows.
        """
        extents = (rows, *self.shape)
        fits = len(array.shape) == len(extents) and all(
            wanted in (-1, got) for wanted, got in zip(extents, array.shape, strict=True)
        )
        if array.dtype != self.dtype or not fits:
            raise ValueError(
                f"column {self.name!r} is {array.dtype} {array.shape}; "
                f"the schema says {np.dtype(self.dtype)} {extents}"
            )


class PostingsField(Struct, frozen=True, kw_only=True):
    """One field of postings: which rows hold a term, and how often."""

    name: str
    rows: RowsOf
    ranked: bool = False
    """Whether ranking weighs it. The number of terms that each row has in a ranked field is stored too, in
    ``chunk_lengths`` or ``file_lengths``, which have a column for each ranked field in the order below."""
    required: bool = True


class GramField(Struct, frozen=True, kw_only=True):
    """Lists of trigrams (``grams.py``): which blocks of files have each, three sections named after it."""

    name: str
    blocks: str
    """The column that tells how many blocks each file has."""
    required: bool = True


class Schema(Struct, frozen=True):
    """Everything that a segment may hold, in the order in which it is written."""

    columns: tuple[Column, ...]
    fields: tuple[PostingsField, ...]
    grams: tuple[GramField, ...] = ()

    def ranked(self, rows: RowsOf) -> tuple[str, ...]:
        """The names of the fields that ranking weighs, of files or of chunks."""
        return tuple(field.name for field in self.fields if field.ranked and field.rows is rows)

    def held(self, parts: Sequence[Collection[str]]) -> Schema:
        """What all of several segments or contents hold, each given by the names that it has.

        Something optional that one of them lacks is left out: nobody could tell "nothing there" from "not
        looked for" if it were filled up.

        Raises:
            ValueError: One lacks something that is required.
        """
        chosen: list[Column | PostingsField | GramField] = []
        rows: tuple[Column | PostingsField | GramField, ...] = (*self.columns, *self.fields, *self.grams)
        for row in rows:
            # An order is made anew from what it orders.
            needed = row.orders if isinstance(row, Column) and row.orders else row.name
            lacking = sum(needed not in part for part in parts)
            if lacking and row.required:
                raise ValueError(f"{lacking} of {len(parts)} contents lack {needed!r}")
            chosen += [] if lacking else [row]
        return Schema(
            tuple(row for row in chosen if isinstance(row, Column)),
            tuple(row for row in chosen if isinstance(row, PostingsField)),
            tuple(row for row in chosen if isinstance(row, GramField)),
        )


_FIELDS = (
    PostingsField(name="comment", rows=CHUNK, ranked=True),
    PostingsField(name="name", rows=CHUNK, ranked=True),
    PostingsField(name="parent", rows=CHUNK, ranked=True),
    PostingsField(name="body", rows=CHUNK, ranked=True),
    PostingsField(name="path", rows=FILE, ranked=True),
    PostingsField(name="stem", rows=FILE, ranked=True),
    # The names that a file defines, imports or uses, whole and in their case.
    PostingsField(name="graph.names", rows=FILE, required=False),
)
_RANKED = {rows: sum(field.ranked and field.rows is rows for field in _FIELDS) for rows in RowsOf}

SCHEMA = Schema(
    columns=(
        # Root-relative, as bytes: names need not be valid UTF-8.
        Column(name="paths", rows=FILE, form=Form.STRINGS),
        Column(name="symbol_names", rows=SYMBOL, form=Form.STRINGS),
        Column(name="languages", rows=FILE, form=Form.CODES, dtype=np.uint16),
        # xxh3-128 of the bytes that were read.
        Column(name="digests", rows=FILE, shape=(16,)),
        # Bytes of the file on disk.
        Column(name="sizes", rows=FILE, dtype=np.uint64),
        # How many chunks and symbols each file has; a file's own stand one after the other.
        Column(name="file_chunks", rows=FILE, dtype=np.uint32),
        Column(name="file_symbols", rows=FILE, dtype=np.uint32),
        # Terms in each ranked field of files, saturating at 65535.
        Column(name="file_lengths", rows=FILE, dtype=np.uint16, shape=(_RANKED[FILE],)),
        # Bits of semindex.source.roles.Role.
        Column(name="file_roles", rows=FILE),
        # The hash of the stem as one word; of each term of the stem, and of the parent folder's name.
        Column(name="file_names", rows=FILE, dtype=np.uint64),
        Column(name="stem_terms", rows=FILE, form=Form.STRINGS, step=8),
        Column(name="folder_terms", rows=FILE, form=Form.STRINGS, step=8),
        # First and last line, 1-based.
        Column(name="chunk_lines", rows=CHUNK, dtype=np.uint32, shape=(2,)),
        # Begin and end in the analysis text, half-open.
        Column(name="chunk_bytes", rows=CHUNK, dtype=np.uint32, shape=(2,)),
        # Values of semindex.types.Kind.
        Column(name="chunk_kinds", rows=CHUNK),
        # The definition that owns the chunk's lines.
        Column(name="chunk_owners", rows=CHUNK, dtype=np.int32, refers=SYMBOL),
        # Terms in each ranked field of chunks, saturating at 65535.
        Column(name="chunk_lengths", rows=CHUNK, dtype=np.uint16, shape=(_RANKED[CHUNK],)),
        Column(name="symbol_kinds", rows=SYMBOL),
        # First and last line, 1-based.
        Column(name="symbol_lines", rows=SYMBOL, dtype=np.uint32, shape=(2,)),
        # The definition around it.
        Column(name="symbol_parents", rows=SYMBOL, dtype=np.int32, refers=SYMBOL),
        # The chunk in which the definition starts.
        Column(name="symbol_chunks", rows=SYMBOL, dtype=np.uint32, refers=CHUNK),
        # semindex.tokens.symbol_key of what the name is looked up by.
        Column(name="symbol_keys", rows=SYMBOL, dtype=np.uint32),
        Column(name="symbol_order", rows=SYMBOL, form=Form.ORDER, dtype=np.uint32, orders="symbol_keys"),
        # The embedding, quantised; its length is the model's.
        Column(name="vectors", rows=CHUNK, dtype=np.int8, shape=(-1,)),
        # Bits of Cover; and how many blocks of text have their trigrams in the lists below.
        Column(name="gram.cover", rows=FILE, required=False),
        Column(name="gram.blocks", rows=FILE, dtype=np.uint32, required=False),
        # What the code graph is made of (semindex.parse.facts.model); empty for a file without any.
        Column(name="graph.facts", rows=FILE, form=Form.STRINGS, required=False),
    ),
    fields=_FIELDS,
    grams=(GramField(name="gram", blocks="gram.blocks", required=False),),
)
"""What segments hold today. Sections of other names in a segment are ignored by readers and by merges."""

RANKED_CHUNK_FIELDS = SCHEMA.ranked(CHUNK)
"""Fields by chunk that ranking weighs; the columns of ``chunk_lengths``."""
RANKED_FILE_FIELDS = SCHEMA.ranked(FILE)
"""Fields by file that ranking weighs; the columns of ``file_lengths``."""
FIELDS_BY_FILE = frozenset(field.name for field in _FIELDS if field.rows is FILE)
"""Fields whose rows are files, ranked or not; the rows of all others are chunks."""
