"""The facts of ``go.mod`` and ``go.work`` files: which folders are which modules.

A module is a definition with its path as name. A folder that stands for a module, by ``replace`` or ``use``,
is an import of the folder; its local name is the path of the module, or empty for ``use``.
"""

from __future__ import annotations

import re

from tree_sitter import Tree

from semindex.parse.facts.model import Builder, Form

_DIRECTIVE = re.compile(r"^(module|replace|use)\b[ \t]*(?:\(([^)]*)\)|(.*))", re.MULTILINE)
_COMMENT = re.compile(r"//.*")
_REPLACED = re.compile(r'"?([^\s"]+)"?(?:\s+v\S+)?\s*=>\s*"?(\.[^\s"]*)"?')


def extract(tree: Tree | None, text: bytes, path: str, made: Builder) -> None:
    """Collect the facts of a ``go.mod`` or ``go.work`` file."""
    written = _COMMENT.sub("", text.decode("utf-8", "replace"))
    for found in _DIRECTIVE.finditer(written):
        line = written.count("\n", 0, found.start()) + 1
        for entry in (found[2] or found[3]).strip().splitlines():
            _add(found[1], entry.strip(), line, made)


def _add(word: str, entry: str, line: int, made: Builder) -> None:
    if not entry:
        return
    replaced = _REPLACED.match(entry) if word == "replace" else None
    if word == "module":
        made.package = entry.strip('"')
        made.define(made.package, Form.MODULE, line=line, end_line=line)
    elif word == "use":
        made.import_("", entry.strip('"'), line=line)
    elif replaced is not None:
        made.import_(replaced[1], replaced[2], line=line)
