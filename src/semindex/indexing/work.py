"""Makes the content of a segment of parsed files: splits texts into terms, counts these, embeds chunks.

Example: ``def load(path): ...`` in chunk 3 puts the word ``load`` into the field ``name``, and the words of
its text, ``load`` and ``path`` among them, into ``body``. A word gives one or more terms (``loads`` gives
that of ``load``), kept as hashes. The postings of ``name`` then say that the term ``load`` occurs in chunk 3
once.

The result depends on nothing but the files, the model and the rules, so any process can do it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from semindex.embed.quantising import quantise
from semindex.source.notebooks import is_notebook
from semindex.source.roles import path_facts
from semindex.source.secrets import mask
from semindex.store.codec import MAX_COUNT
from semindex.store.content import Content, Strings
from semindex.store.postings import Triples
from semindex.store.schema import RANKED_CHUNK_FIELDS, RANKED_FILE_FIELDS
from semindex.store.segment import Array
from semindex.tokens import Lexicon, defined_name, hash_terms, path_parts, raw_words, symbol_key, tokenise
from semindex.types import Chunk, Documents, Embedder, Ids, ParsedFile, TermCounts, TermHashes


class _Rows(Struct, frozen=True):
    """Which word occurs in which row: parallel arrays, with an entry for each occurrence."""

    rows: Ids
    ids: Ids


def analyse(files: Sequence[ParsedFile], embedder: Embedder, lexicon: Lexicon) -> Content:
    """The content of a segment that has these files in this order."""
    shape = _Shape.of(files)
    body, comments = _text_words(files, shape, lexicon)
    names, parents = _name_words(files, shape, lexicon)
    path_words, stem_words = _path_words(files, lexicon)
    offsets, hashes = lexicon.arrays()
    terms, ranks = _ranked(offsets, hashes, (body, comments, names, parents, path_words, stem_words))

    def count(*parts: _Rows) -> _Tally:
        words = np.concatenate([part.ids for part in parts])
        sizes = offsets[words + 1] - offsets[words]
        places = np.arange(int(sizes.sum())) + np.repeat(offsets[words] - _before(sizes), sizes)
        rows = np.repeat(np.concatenate([part.rows for part in parts]), sizes)
        return _tally(rows, ranks[places], terms)

    counted = {
        "comment": count(comments),
        "name": count(names),
        "parent": count(parents),
        "body": count(body),
        "path": count(path_words),
        "stem": count(stem_words),
    }
    chunks, files_total = int(shape.chunks.sum()), len(files)
    documents = Documents(
        content=_csr(count(body, comments), chunks),
        names=_csr(count(names, parents), chunks),
        paths=_csr(count(path_words, stem_words), files_total),
        path_row=np.repeat(np.arange(files_total), shape.chunks),
        texts=_texts(files) if embedder.reads_text else (),
    )
    chunk_lengths = [_lengths(counted[name], chunks) for name in RANKED_CHUNK_FIELDS]
    file_lengths = [_lengths(counted[name], files_total) for name in RANKED_FILE_FIELDS]
    return Content(
        {
            **_columns(files, shape),
            "chunk_lengths": np.stack(chunk_lengths, axis=1),
            "file_lengths": np.stack(file_lengths, axis=1),
            "vectors": quantise(embedder.embed_documents(documents)),
        },
        {
            **{
                name: Triples(tally.terms, tally.rows, np.minimum(tally.counts, MAX_COUNT).astype(np.uint8))
                for name, tally in counted.items()
            },
            "graph.names": _graph_names(files),
        },
    )


def _graph_names(files: Sequence[ParsedFile]) -> Triples:
    """Which files have which names for the code graph."""
    each = [np.unique(hash_terms(file.named)) for file in files]
    sizes = [len(found) for found in each]
    terms = np.concatenate([np.empty(0, np.uint64), *each]).astype(np.uint64)
    rows = np.arange(len(files), dtype=np.int64).repeat(sizes)
    return Triples(terms, rows, np.ones(len(terms), dtype=np.uint8))


def _texts(files: Sequence[ParsedFile]) -> tuple[str, ...]:
    """The text of each chunk for a model that reads text: its path, the names in it, and its lines.

    Tokens are masked, as the model may be that of a server.
    """
    return tuple(
        f"{file.source.path} {_named(file, chunk)}\n"
        + mask(file.source.text, chunk.span.start_byte, chunk.span.end_byte)[0].decode("utf-8", "replace")
        for file in files
        for chunk in file.chunks
    )


def _named(file: ParsedFile, chunk: Chunk) -> str:
    """The names that a chunk defines; if it defines none, the name of the definition that owns it."""
    owner = (chunk.owner,) if chunk.owner >= 0 else ()
    return " ".join(file.symbols[symbol].name for symbol in chunk.defines or owner)


def _ranked(offsets: Ids, hashes: TermHashes, parts: Iterable[_Rows]) -> tuple[TermHashes, Ids]:
    """The term hashes of the batch's words, ascending, and for each entry of ``hashes`` its place there.

    The lexicon knows ten times as many words as a batch has; the places of words that the batch does not have
    mean nothing.
    """
    used = np.zeros(len(offsets) - 1, dtype=bool)
    for part in parts:
        used[part.ids] = True
    wanted = np.flatnonzero(np.repeat(used, offsets[1:] - offsets[:-1]))
    terms, places = np.unique(hashes[wanted], return_inverse=True)
    ranks = np.zeros(len(hashes), dtype=np.int64)
    ranks[wanted] = places
    return terms, ranks


class _Shape(Struct, frozen=True):
    """Where each file's chunks, symbols and bytes begin in the batch."""

    chunks: Ids
    symbols: Ids
    chunk_base: Ids
    symbol_base: Ids
    byte_base: Ids

    @staticmethod
    def of(files: Sequence[ParsedFile]) -> _Shape:
        chunks = np.array([len(file.chunks) for file in files], dtype=np.int64)
        symbols = np.array([len(file.symbols) for file in files], dtype=np.int64)
        sizes = np.array([len(file.source.text) + 1 for file in files], dtype=np.int64)
        return _Shape(chunks, symbols, _before(chunks), _before(symbols), _before(sizes))


def _before(sizes: Ids) -> Ids:
    return np.cumsum(sizes) - sizes


def _text_words(files: Sequence[ParsedFile], shape: _Shape, lexicon: Lexicon) -> tuple[_Rows, _Rows]:
    """The words of code, and the words of comments, each with its chunk."""
    text = b"\n".join(file.source.text for file in files)
    tokens = tokenise(text)
    ids = lexicon.ids(tokens.words)
    starts = np.concatenate(
        [
            np.fromiter((chunk.span.start_byte for chunk in file.chunks), np.int64, len(file.chunks)) + base
            for file, base in zip(files, shape.byte_base, strict=True)
        ]
    )
    borders = np.concatenate(
        [file.comments.reshape(-1) + base for file, base in zip(files, shape.byte_base, strict=True)]
    )
    rows = np.searchsorted(starts, tokens.starts, side="right") - 1
    in_comment = np.searchsorted(borders, tokens.starts, side="right") % 2 == 1
    if any(is_notebook(file.source.path) for file in files):
        # The marks between the cells of notebooks are in no chunk.
        held = tokens.starts < np.concatenate(([0], _ends(files, shape)))[rows + 1]
        rows, ids, in_comment = rows[held], ids[held], in_comment[held]
    return _Rows(rows[~in_comment], ids[~in_comment]), _Rows(rows[in_comment], ids[in_comment])


def _ends(files: Sequence[ParsedFile], shape: _Shape) -> Ids:
    """Where each chunk ends in the text of the batch."""
    bases = np.repeat(shape.byte_base, shape.chunks)
    return np.array([chunk.span.end_byte for file in files for chunk in file.chunks], np.int64) + bases


def _name_words(files: Sequence[ParsedFile], shape: _Shape, lexicon: Lexicon) -> tuple[_Rows, _Rows]:
    """The words of the names that a chunk defines, and of the names of definitions around it."""
    chunks = [
        (base + number, file.symbols, chunk.defines, _enclosing(file, chunk.owner, chunk.defines))
        for file, base in zip(files, shape.chunk_base.tolist(), strict=True)
        for number, chunk in enumerate(file.chunks)
    ]
    names = ((row, symbols[at].name) for row, symbols, defined, _ in chunks for at in defined)
    parents = ((row, symbols[at].name) for row, symbols, _, around in chunks for at in around)
    return _words_of(names, lexicon), _words_of(parents, lexicon)


def _words_of(names: Iterable[tuple[int, str]], lexicon: Lexicon) -> _Rows:
    """The words of some names, each name given with its row."""
    rows: list[int] = []
    raw: list[bytes] = []
    for row, name in names:
        found = raw_words(name.encode("utf-8", "replace"))
        raw.extend(found)
        rows.extend([row] * len(found))
    return _Rows(np.array(rows, dtype=np.int64), lexicon.ids(raw))


def _enclosing(file: ParsedFile, owner: int, defines: tuple[int, ...]) -> list[int]:
    """The ordinals of all definitions around a chunk, innermost first, without those that it defines."""
    found: list[int] = []
    for start in (owner, *(file.symbols[symbol].parent for symbol in defines)):
        at = start
        while at >= 0 and at not in found:
            found.append(at)
            at = file.symbols[at].parent
    return [symbol for symbol in found if symbol not in defines]


def _path_words(files: Sequence[ParsedFile], lexicon: Lexicon) -> tuple[_Rows, _Rows]:
    """The words of each path without its extension, and the words of each file's stem."""
    parts = [path_parts(file.source.path) for file in files]
    wholes = (each.folder if each.stands_for_folder else f"{each.folder}/{each.stem}" for each in parts)
    return _words_of(enumerate(wholes), lexicon), _words_of(enumerate(each.stem for each in parts), lexicon)


class _Tally(Struct, frozen=True):
    """Distinct (row, term) pairs, ordered by row and hash, with their counts."""

    rows: Ids
    terms: TermHashes
    counts: Ids


def _tally(rows: Ids, ranks: Ids, terms: TermHashes) -> _Tally:
    width = max(1, len(terms))
    keys, counts = np.unique(rows * width + ranks, return_counts=True)
    return _Tally(keys // width, terms[keys % width], counts)


def _lengths(tally: _Tally, rows: int) -> npt.NDArray[np.uint16]:
    totals = np.bincount(tally.rows, weights=tally.counts, minlength=rows)
    return np.minimum(totals, 65535).astype(np.uint16)


def _csr(tally: _Tally, rows: int) -> TermCounts:
    offsets = np.searchsorted(tally.rows, np.arange(rows + 1))
    counts = np.minimum(tally.counts, 65535).astype(np.uint16)
    return TermCounts(offsets.astype(np.int64), tally.terms, counts)


def _columns(files: Sequence[ParsedFile], shape: _Shape) -> dict[str, Array | Strings]:
    """The columns that need neither terms nor a model."""
    chunks = [
        (chunk, int(base))
        for file, base in zip(files, shape.symbol_base, strict=True)
        for chunk in file.chunks
    ]
    symbols = [
        (symbol, int(base))
        for file, base in zip(files, shape.symbol_base, strict=True)
        for symbol in file.symbols
    ]
    homes = np.zeros(len(symbols), dtype=np.uint32)
    for number, (chunk, base) in enumerate(chunks):
        for symbol in chunk.defines:
            homes[base + symbol] = number
    facts = [path_facts(file.source.path, file.source.language) for file in files]
    return {
        "file_roles": np.array([fact.roles for fact in facts], dtype=np.uint8),
        "file_names": hash_terms(fact.whole for fact in facts),
        "stem_terms": tuple(hash_terms(sorted(fact.stem)).tobytes() for fact in facts),
        "folder_terms": tuple(hash_terms(sorted(fact.folder)).tobytes() for fact in facts),
        "paths": tuple(os.fsencode(file.source.path) for file in files),
        "digests": np.frombuffer(b"".join(file.source.digest for file in files), np.uint8).reshape(-1, 16),
        "languages": tuple(file.source.language.encode() for file in files),
        "sizes": np.array([file.source.size_bytes for file in files], dtype=np.uint64),
        "graph.facts": tuple(file.facts for file in files),
        "file_chunks": shape.chunks.astype(np.uint32),
        "file_symbols": shape.symbols.astype(np.uint32),
        "chunk_lines": _pairs((chunk.span.start_line, chunk.span.end_line) for chunk, _ in chunks),
        "chunk_bytes": _pairs((chunk.span.start_byte, chunk.span.end_byte) for chunk, _ in chunks),
        "chunk_kinds": np.array([chunk.kind for chunk, _ in chunks], dtype=np.uint8),
        "chunk_owners": _ordinals((chunk.owner, base) for chunk, base in chunks),
        "symbol_names": tuple(symbol.name.encode("utf-8", "replace") for symbol, _ in symbols),
        "symbol_kinds": np.array([symbol.kind for symbol, _ in symbols], dtype=np.uint8),
        "symbol_lines": _pairs((symbol.span.start_line, symbol.span.end_line) for symbol, _ in symbols),
        "symbol_parents": _ordinals((symbol.parent, base) for symbol, base in symbols),
        "symbol_chunks": homes,
        "symbol_keys": np.array([symbol_key(defined_name(symbol.name)) for symbol, _ in symbols], np.uint32),
    }


def _pairs(values: Iterable[tuple[int, int]]) -> npt.NDArray[np.uint32]:
    return np.array(list(values), dtype=np.uint32).reshape(-1, 2)


def _ordinals(values: Iterable[tuple[int, int]]) -> npt.NDArray[np.int32]:
    return np.array([ordinal + base if ordinal >= 0 else -1 for ordinal, base in values], dtype=np.int32)
