"""Files below a folder of a version (``api/v1``) beside which the same tree has a newer one (``api/v2``).

What a path says by itself is stored: that it has such a folder. What is newer is told by the other paths of
the generation, at the first query, for which only the paths of these files are read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from semindex.source.roles import VERSION, Role
from semindex.store.generation import Generation
from semindex.tokens import whole_term
from semindex.types import Ids

_STAGES = {"alpha": 0, "beta": 1, None: 2}
_INTERNET_PROTOCOL = frozenset(("v4", "v6"))


def superseded(generation: Generation, roles: npt.NDArray[np.uint8]) -> Mapping[str, Ids]:
    """The live files that are below a version with a newer sibling, by the term that names the version.

    Files ascend. Only folders of the same repository are siblings. A file may be below several versions.

    Args:
        generation: Has the files.
        roles: Shape ``(files,)``: bits of :class:`semindex.source.roles.Role`.
    """
    (files,) = (generation.file_live & (roles & np.uint8(Role.VERSIONED) != 0)).nonzero()
    repositories = generation.repositories[files].tolist()
    folders: dict[tuple[int, str], list[int]] = {}
    for file, repository in zip(files.tolist(), repositories, strict=True):
        folders.setdefault((repository, generation.path(file).rpartition("/")[0]), []).append(file)
    siblings: dict[tuple[int, str], dict[str, list[int]]] = {}
    for (repository, folder), below in folders.items():
        for parent, name in _versions_in(folder):
            siblings.setdefault((repository, parent), {}).setdefault(name, []).extend(below)
    found: dict[str, list[int]] = {}
    for versions in siblings.values():
        for name, below in versions.items():
            if any(is_newer(other, name) for other in versions) and versions.keys() != _INTERNET_PROTOCOL:
                found.setdefault(whole_term(name), []).extend(below)
    return {term: np.array(sorted(set(below)), dtype=np.int64) for term, below in found.items()}


def is_newer(version: str, than: str) -> bool:
    """Whether a version is newer, and no less finished: alpha, beta, then without either.

    >>> is_newer("v2", "v1"), is_newer("v10", "v9"), is_newer("v1", "v1beta2")
    (True, True, True)
    >>> is_newer("v1beta1", "v1alpha2"), is_newer("v1alpha", "v1alpha1")
    (True, False)
    >>> is_newer("v2alpha1", "v1"), is_newer("v1", "v1")
    (False, False)
    """
    one, other = _order(version), _order(than)
    return one > other and one[1] >= other[1]


def _order(version: str) -> tuple[int, int, int]:
    """The number of a version, its stage, and the number of that."""
    match = re.fullmatch(VERSION, version)
    assert match is not None
    return int(match["number"]), _STAGES[match["stage"]], int(match["step"] or 0)


def _versions_in(folder: str) -> tuple[tuple[str, str], ...]:
    """The folders of versions in a path, in lower case, each with the path of the one that holds it."""
    parts = folder.split("/")
    return tuple(
        ("/".join(parts[:depth]), part.lower())
        for depth, part in enumerate(parts)
        if re.fullmatch(VERSION, part.lower())
    )
