"""What ``package.json`` and ``tsconfig.json`` say of where modules are found, as facts of those files.

The package's name is :attr:`Facts.package`. What it offers under a path, and what a compiler takes for a
name, are imports: ``local`` is the path or pattern, ``module`` the file that stands for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from semindex.parse.facts.model import Builder
from semindex.parse.facts.registry import Found

PACKAGE = "package.json"
_CONFIGURATION = re.compile(r"(?:ts|js)config(?:\.[\w.-]+)?\.json")
_MOST_ENTRIES = 2000
_MOST_BYTES = 1_000_000
_COMMENT = re.compile(r'("(?:[^"\\\n]|\\.)*+")|//[^\n]*+|/\*.*?\*/', re.DOTALL)
_COMMA = re.compile(r'("(?:[^"\\\n]|\\.)*+")|,(?=\s*+[\]}])')
_MAINS = ("source", "module", "main", "types", "typings", "browser")
BASE = "baseUrl"
EXTENDS = "extends"
IMPORTS = "#"


def facts_of_manifest(path: str, text: bytes) -> Found:
    """The facts of a file by its name; none of other files, and of what cannot be read."""
    name = path.rpartition("/")[2]
    is_package = name == PACKAGE
    if not (is_package or _CONFIGURATION.fullmatch(name)) or len(text) > _MOST_BYTES:
        return Found()
    try:
        told = msgspec.json.decode(text if is_package else _plain(text))
    except (msgspec.DecodeError, RecursionError):
        return Found()
    if not isinstance(told, Mapping):
        return Found()
    made = Builder()
    if is_package:
        made.package = _text(told.get("name"))
    for count, (local, module) in enumerate(_offered(told) if is_package else _mapped(told)):
        if count < _MOST_ENTRIES:
            made.import_(local, module)
    return Found(made.packed(), frozenset())


def _plain(text: bytes) -> bytes:
    """JSON without the comments and last commas that a configuration may have."""
    read = _COMMENT.sub(lambda match: match[1] or " ", text.decode("utf-8", "replace"))
    return _COMMA.sub(lambda match: match[1] or "", read).encode()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _offered(told: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """The paths that a package offers, with the files, the most wanted first; then its own shortcuts."""
    exports = told.get("exports")
    if isinstance(exports, Mapping) and any(str(key).startswith(".") for key in exports):
        for path, value in exports.items():
            yield from ((str(path), each) for each in _targets(value, 0))
    else:
        yield from ((".", each) for each in _targets(exports, 0))
    yield from ((".", _text(told[key])) for key in _MAINS if _text(told.get(key)))
    shortcuts = told.get("imports")
    if isinstance(shortcuts, Mapping):
        for path, value in shortcuts.items():
            yield from ((str(path), each) for each in _targets(value, 0))
    # A package without entries stands in its folder.
    yield ".", "./index"


def _targets(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping) and depth < 8:
        for each in value.values():
            yield from _targets(each, depth + 1)
    elif isinstance(value, list) and depth < 8:
        for each in value:
            yield from _targets(each, depth + 1)


def _mapped(told: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """What a compiler's configuration extends, its base folder, and the patterns of modules."""
    extended = told.get(EXTENDS)
    for each in extended if isinstance(extended, list) else [extended]:
        if _text(each):
            yield EXTENDS, _text(each)
    options = told.get("compilerOptions")
    if not isinstance(options, Mapping):
        return
    if _text(options.get(BASE)):
        yield BASE, _text(options[BASE])
    paths = options.get("paths")
    if isinstance(paths, Mapping):
        for pattern, files in paths.items():
            for each in files if isinstance(files, list) else ():
                if _text(each):
                    yield str(pattern), _text(each)
