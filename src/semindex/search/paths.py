"""What the names and folders of candidate files add to their scores, and what their roles take away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from semindex.search.scoring import Signal
from semindex.search.sums import ranges, sums
from semindex.search.versions import superseded
from semindex.search.weights import Weights
from semindex.source.roles import Role
from semindex.store.generation import Generation, RowLists
from semindex.tokens import hash_term, hash_terms, is_identifier, split_word
from semindex.types import Floats, Ids, QueryTerm, TermHashes

_MENTIONS = {
    Role.TESTS: frozenset(["test", "spec", "fixtur", "mock", "unittest", "pytest", "testcas"]),
    Role.EXAMPLES: frozenset(["exampl", "sampl", "demo", "doc", "document", "tutori", "bench", "benchmark"]),
    Role.LEGACY: frozenset(["legaci", "deprec", "old", "vendor", "third", "obsolet"]),
    Role.BARREL: frozenset(["index", "init", "mod", "export", "barrel"]),
    Role.PROSE: frozenset(
        ["doc", "document", "readm", "changelog", "guid", "markdown", "licens", "contribut", "tutori", "md"]
    ),
    Role.DATA: frozenset(
        ["config", "configur", "json", "yaml", "toml", "xml", "ini", "workflow", "ci", "manifest", "packag"]
    ),
    Role.PLATFORM: frozenset(
        ["win", "win32", "win64", "window", "mingw", "cygwin", "aix", "suno", "solari", "os390", "zo", "ibmi"]
    ),
}
"""Terms by which a query asks for files of a role, so that it takes nothing away from them."""
_ROLE_SIGNALS = {role: (role.label, f"{role.label} file") for role in Role}
"""The weight of each role, and the name of its signal."""


_LOW_ALREADY = np.uint8(Role.TESTS | Role.EXAMPLES | Role.LEGACY)
"""Roles of files that rank below the code in any version of it."""


class PathColumns(Struct, frozen=True):
    """What is stored of the paths of all files of a generation."""

    roles: npt.NDArray[np.uint8]
    """Shape ``(files,)``: bits of :class:`semindex.source.roles.Role`; what is superseded is legacy, too."""
    superseded: Mapping[str, Ids]
    """By the term that names a version, files that are legacy only because of it; they ascend."""
    names: TermHashes
    """Shape ``(files,)``: the hash of ``=`` and the stem as one word."""
    known_names: frozenset[int]
    """The same, to find out quickly whether a query names any."""
    terms: RowLists
    """Two lists a file: the terms of its stem, and those of the name of its parent folder."""
    sizes: Ids
    """Shape ``(files,)``: in bytes."""
    size_gains: Floats
    """Shape ``(files,)``: a little for the larger file, which is where things are done."""

    @staticmethod
    def of(generation: Generation, weights: Weights) -> PathColumns:
        """The columns of a generation."""
        sizes = generation.file_sizes
        gains = weights.size * np.log1p(np.maximum(sizes, 0).astype(np.float64))
        roles, names = generation.column("file_roles"), generation.column("file_names")
        older = {
            version: files[roles[files] & _LOW_ALREADY == 0]
            for version, files in superseded(generation, roles).items()
        }
        if older:
            roles = roles.copy()
            roles[np.concatenate(list(older.values()))] |= np.uint8(Role.LEGACY)
        stems, folders = (generation.lists(name, np.uint64) for name in ("stem_terms", "folder_terms"))
        terms = _alternating(stems, folders)
        return PathColumns(roles, older, names, frozenset(names.tolist()), terms, sizes, gains)


def _alternating(first: RowLists, second: RowLists) -> RowLists:
    """The lists of two columns in turn: the first of ``first``, the first of ``second``, and so on."""
    sizes = np.stack((np.diff(first.starts), np.diff(second.starts)), axis=1).reshape(-1)
    starts = np.concatenate(([0], sizes.cumsum()))
    values = np.empty(starts[-1], dtype=np.uint64)
    values[ranges(starts[:-1:2], sizes[::2])] = first.values
    values[ranges(starts[1::2], sizes[1::2])] = second.values
    return RowLists(starts, values)


def path_signals(
    paths: PathColumns,
    files: Ids,
    terms: Sequence[QueryTerm],
    weights: Weights,
) -> list[Signal]:
    """What the names and folders of some files add and take away.

    Args:
        paths: The columns of all files.
        files: The candidates.
        terms: The query's.
        weights: What the signals weigh.
    """
    plain = [term.term for term in terms if not term.is_compound]
    shares = _shared(paths.terms, files, np.sort(hash_terms(plain)))
    return [
        Signal("file name", weights.stem_share * (shares.found[::2] / np.maximum(shares.sizes[::2], 1))),
        Signal("folder name", weights.folder_share * (shares.found[1::2] / max(1, len(plain)))),
        Signal("named file", weights.named_file * _named(paths, files, terms)),
        *_role_signals(_roles_of(paths, files, terms), paths.sizes[files], frozenset(plain), weights),
        Signal("size", paths.size_gains[files]),
    ]


class _Shared(Struct, frozen=True):
    """Two rows a file, of its stem and of its folder."""

    sizes: Ids
    """How many terms each has."""
    found: Floats
    """How many of these were asked for."""


def _shared(lists: RowLists, files: Ids, asked: TermHashes) -> _Shared:
    """What the lists of some files have in common with some terms, which ascend."""
    rows = np.repeat(2 * files, 2)
    rows[1::2] += 1
    begins = lists.starts[rows]
    sizes = lists.starts[rows + 1] - begins
    if not len(asked):
        return _Shared(sizes, np.zeros(len(rows)))
    held = lists.values[ranges(begins, sizes)]
    found = asked.take(asked.searchsorted(held), mode="clip") == held
    return _Shared(sizes, sums(np.arange(len(rows)).repeat(sizes), found, len(rows)))


def _named(paths: PathColumns, files: Ids, terms: Sequence[QueryTerm]) -> Floats:
    """How far the query names each file: by an identifier 1, by two or three plain neighbours 0.5."""
    values = np.zeros(len(files))
    for name, share in named_shares(terms).items():
        called = hash_term(name)
        if called in paths.known_names:
            values[paths.names[files] == np.uint64(called)] = share
    return values


def _roles_of(paths: PathColumns, files: Ids, terms: Sequence[QueryTerm]) -> npt.NDArray[np.uint8]:
    """The roles of some files; an older version that the query names is not legacy."""
    roles = paths.roles[files]
    for named in [paths.superseded[term.term] for term in terms if term.term in paths.superseded]:
        roles[np.isin(files, named)] &= np.uint8(~Role.LEGACY & 0xFF)
    return roles


def _role_signals(
    roles: npt.NDArray[np.uint8], sizes: Ids, asked: frozenset[str], weights: Weights
) -> Iterator[Signal]:
    """What each role takes away that is not asked for and that any candidate has."""
    present = int(np.bitwise_or.reduce(roles))
    if not present:
        return
    for role in unmentioned(asked):
        # As a plain number: numpy takes long to see that a role is one.
        bit = int(role)
        if not present & bit:
            continue
        (hit,) = (roles & bit).nonzero()
        if role is Role.BARREL:
            hit = hit[sizes[hit] <= weights.barrel_bytes]
        if len(hit):
            values = np.zeros(len(roles))
            weight, name = _ROLE_SIGNALS[role]
            values[hit] = getattr(weights, weight)
            yield Signal(name, values)


def named_shares(terms: Sequence[QueryTerm]) -> dict[str, float]:
    """How far a query names the files of some whole names: 1 by an identifier, 0.5 by plain neighbours."""
    names: dict[str, float] = {}
    for term in terms:
        if term.term.startswith("="):
            # A plain word is no name of a file, though it may be joined from two words of one.
            if term.weight >= 1.0 or " " in term.source:
                names[term.term] = min(1.0, term.weight)
        elif is_identifier(term.source) and len(split_word(term.source)) == 1:
            names["=" + term.term] = 1.0
    return names


def unmentioned(terms: frozenset[str]) -> list[Role]:
    """The roles that a query of these terms does not ask for, in a fixed order."""
    return [role for role, mentions in _MENTIONS.items() if mentions.isdisjoint(terms)]
