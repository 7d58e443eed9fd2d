"""What can be asked of an index: one module an operation, with its request, its answer and how it is found.

Every door (the Python verbs, the command line, its JSON) is made from these, but for the command ``grep``,
whose flags and output are ripgrep's. To add an operation: a module here that ends in an ``OPERATION``, its
name in :data:`NAMES`, and a renderer in :mod:`semindex.present`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from semindex.operations.base import Operation

GRAPH = ("callers", "callees", "refs", "imports", "impact", "path", "map", "cycles")
"""Those on the code graph."""
NAMES = ("index", "search", "grep", "related", "symbol", "read", "status", *GRAPH)
"""The operations, each in the module of its name."""


def operation(name: str) -> Operation:
    """The operation of that name, its module imported when it is first asked for."""
    found: Operation = import_module(f"{__name__}.{name}").OPERATION
    return found
