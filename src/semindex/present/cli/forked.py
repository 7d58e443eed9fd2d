"""What the daemon loads, so that no process that it forks has to."""

from __future__ import annotations

from importlib import import_module

_MODULES = (
    "difflib",  # suggestions, and lines that are nearly the same
    *(
        f"semindex.present.cli.{name}"
        for name in ("search", "grep", "related", "symbol", "read", "mcp", "paging", "progress")
    ),
    "semindex.present.hyperlinks",
    "semindex.present.mcp.stdio",
    "semindex.present.pager",
    "semindex.present.terminal",
    "semindex.configured",
    "semindex.exact.choosing",
    "semindex.exact.indexed",
    "semindex.exact.matching",
    "semindex.exact.needed",
    "semindex.exact.streaming",
    "semindex.indexing.freshness",
    "semindex.library",
    "semindex.search.definitions",
    "semindex.search.reading",
    "semindex.search.related",
    "semindex.search.signatures",
    "semindex.service.choosing",
    "semindex.service.session",
    "semindex.service.workspace",
    "semindex.service.scanning",
    "semindex.service.watching",
)
"""With all that these import. What trains or runs transformers starts threads, and is not among them."""


def preload() -> None:
    """Import it."""
    for module in _MODULES:
        import_module(module)


def is_forked() -> bool:
    """Whether the daemon has forked this process."""
    from semindex import index

    return index.KEEPER is not None
