"""A local, private, semantic index of source code.

>>> import semindex
>>> index = semindex.open("path/to/repo")  # doctest: +SKIP
>>> index.refresh()  # doctest: +SKIP
>>> index.search("how are cookies parsed", limit=10)  # doctest: +SKIP

Importing opens no file, starts no thread and loads no heavy library: names are fetched when first used.
"""

from __future__ import annotations

from semindex.version import __version__

TYPE_CHECKING = False  # the name of the typing module, which takes ten milliseconds to import
if TYPE_CHECKING:
    from semindex.errors import (
        BroadRoot,
        CacheError,
        ConfigError,
        IndexCorrupt,
        IndexLocked,
        IndexMismatch,
        IndexTooNew,
        IndexUntrusted,
        IndexUnwritable,
        InstallError,
        ModelError,
        NotIndexed,
        QueryError,
        RootError,
        SemindexError,
        ServiceError,
        UsageError,
        WorkerError,
    )
    from semindex.index import Index, open
    from semindex.library import Indexes, open_all
    from semindex.supported import Language, languages
    from semindex.types import BuildReport, Cluster, Coverage, Hit, Hits, Reason, Status

_HOME = {
    **dict.fromkeys(("Index", "open"), "semindex.index"),
    **dict.fromkeys(("Indexes", "open_all"), "semindex.library"),
    **dict.fromkeys(("Language", "languages"), "semindex.supported"),
    **dict.fromkeys(
        ("BuildReport", "Cluster", "Coverage", "Hit", "Hits", "Reason", "Status"), "semindex.types"
    ),
    **dict.fromkeys(
        (
            "BroadRoot",
            "CacheError",
            "ConfigError",
            "IndexCorrupt",
            "IndexLocked",
            "IndexMismatch",
            "IndexTooNew",
            "IndexUntrusted",
            "IndexUnwritable",
            "InstallError",
            "ModelError",
            "NotIndexed",
            "QueryError",
            "RootError",
            "SemindexError",
            "ServiceError",
            "UsageError",
            "WorkerError",
        ),
        "semindex.errors",
    ),
}

__all__ = [
    "BroadRoot",
    "BuildReport",
    "CacheError",
    "Cluster",
    "ConfigError",
    "Coverage",
    "Hit",
    "Hits",
    "Index",
    "IndexCorrupt",
    "IndexLocked",
    "IndexMismatch",
    "IndexTooNew",
    "IndexUntrusted",
    "IndexUnwritable",
    "Indexes",
    "InstallError",
    "Language",
    "ModelError",
    "NotIndexed",
    "QueryError",
    "Reason",
    "RootError",
    "SemindexError",
    "ServiceError",
    "Status",
    "UsageError",
    "WorkerError",
    "__version__",
    "languages",
    "open",
    "open_all",
]


def __dir__() -> list[str]:
    """The public names, whether or not they were fetched."""
    return list(__all__)


def __getattr__(name: str) -> object:
    """The public names, each fetched from its room when first asked for."""
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'semindex' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(home), name)
    globals()[name] = value
    return value
