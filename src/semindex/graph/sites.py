"""All call sites of a repository, one by one, as they are measured."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from semindex.graph.edges import Edge, Edges, Target


class SiteTarget(Struct, frozen=True):
    """A definition that a call site calls."""

    path: str
    """Root-relative."""
    line: int
    """Of the name, 1-based."""
    symbol: str
    """The names of the definitions around it and its own, joined by dots."""


class CallSite(Struct, frozen=True):
    """A place that calls something."""

    path: str
    """Root-relative."""
    line: int
    """1-based."""
    column: int
    """Of the last name of what is called; 1-based, in bytes of UTF-8."""
    name: str
    tier: str
    """How it is known, one of :class:`semindex.graph.edges.Tier`."""
    targets: tuple[SiteTarget, ...]
    """The definitions that are meant; none when that is not known, or they are not in this index."""


def call_sites(edges: Edges, scope: str = "") -> Iterator[CallSite]:
    """The call sites of all files below a root-relative folder, or of one file; by path, then by place."""
    corpus = edges.corpus
    for path, file in sorted(corpus.path_of.items()):
        if not scope or path == scope or path.startswith(scope + "/"):
            for edge in edges.of_file(file):
                yield _site(edges, path, file, edge)


def _site(edges: Edges, path: str, file: int, edge: Edge) -> CallSite:
    unit = edges.corpus.unit(file)
    assert unit is not None
    return CallSite(
        path,
        edge.use.line,
        edge.use.column,
        unit.facts.names[edge.use.name],
        edge.tier.value,
        tuple(_target(edges, each) for each in edge.targets),
    )


def _target(edges: Edges, target: Target) -> SiteTarget:
    unit = edges.corpus.unit(target.file)
    path = edges.corpus.path(target.file)
    if unit is None or target.number < 0:
        return SiteTarget(path, 1, "")
    return SiteTarget(path, unit.definition(target.number).line, unit.qualified(target.number))
