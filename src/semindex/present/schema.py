"""Records to the objects that ``--json`` prints. The shapes are part of the public face (schema 1).

An object has the fields of its record, in order and by name; what differs is said once, in the tables below.
Every command imports this module, so it imports little itself.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any

from semindex.present.safe import is_whole, json_safe, whole_path

if TYPE_CHECKING:
    from msgspec import Struct

    from semindex.config import Loaded
    from semindex.types import BuildReport, Definitions, Hits, Link, Links, Meant, Texts

SCHEMA = 1
LEFT_OUT = {"spans", "line", "ref"}
"""Fields that serve this process: what a terminal highlights and shows, and what a walk saw of a file."""
_OTHER_NAMES = {"nbytes": "bytes"}
_PATHS = {"root", "index_dir", "repository", "source"}
"""Fields that hold a path of this machine, of which bytes that are not UTF-8 are shown as U+FFFD."""


def dumps(content: Mapping[str, object], *, ascii_only: bool = False) -> str:
    """One line of JSON with ``"schema": 1`` in front, safe to show in a terminal."""
    import json

    return json_safe(json.dumps({"schema": SCHEMA, **content}, ensure_ascii=ascii_only))


def error_object(kind: str, message: str) -> dict[str, Any]:
    """What is printed instead of an answer: the name of the error's class, and its message."""
    return {"error": {"type": kind, "message": message}}


def record_object(record: Struct, *, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A record's fields, by name; null for those that are named in ``without``, here and inside.

    A ``path`` that is not UTF-8 is followed by ``path_bytes``, its bytes in base64.
    """
    shown: dict[str, Any] = {}
    for name in record.__struct_fields__:
        if name in without:
            shown[name] = None
        elif name == "path":
            shown |= path_object(record.path)  # type: ignore[attr-defined]
        elif name not in LEFT_OUT:
            value = getattr(record, name)
            shown[_OTHER_NAMES.get(name, name)] = (
                whole_path(value) if name in _PATHS else _shown(value, without)
            )
    return shown


def path_object(path: str) -> dict[str, Any]:
    """``path``, and ``path_bytes`` when it is not UTF-8."""
    if is_whole(path):
        return {"path": path}
    import base64

    return {"path": whole_path(path), "path_bytes": base64.b64encode(os.fsencode(path)).decode("ascii")}


def hits_object(answer: Hits, *, with_text: bool = True) -> dict[str, Any]:
    """An answer; without text every ``text`` is null."""
    without: frozenset[str] = frozenset() if with_text else frozenset({"text"})
    return {
        "query": whole_path(answer.query.raw),
        "query_kind": answer.query.kind,
        "hits": [record_object(hit, without=without) for hit in answer],
        "coverage": record_object(answer.coverage),
    }


def definitions_object(answer: Definitions, *, with_text: bool = True) -> dict[str, Any]:
    """The definitions of a name; without text every ``text`` is null."""
    without: frozenset[str] = frozenset() if with_text else frozenset({"text"})
    return {
        "name": whole_path(answer.name),
        "definitions": [record_object(each, without=without) for each in answer.definitions],
        "total": answer.total,
        "suggestions": [whole_path(each) for each in answer.suggestions],
        "coverage": record_object(answer.coverage),
    }


def texts_object(answer: Texts) -> dict[str, Any]:
    """The spans that were asked for."""
    return {
        "spans": [record_object(each) for each in answer.spans],
        "notes": list(answer.notes),
        "coverage": record_object(answer.coverage),
    }


def links_object(answer: Links) -> dict[str, Any]:
    """What the code graph knows of a name or a file."""
    return {
        "name": whole_path(answer.name),
        "what": answer.what,
        "definitions": [_meant_object(each) for each in answer.definitions],
        "links": [_link_object(each) for each in answer.links],
        "total": answer.total,
        "at_least": answer.at_least,
        "tests": answer.tests,
        "candidates": [_meant_object(each) for each in answer.candidates],
        "suggestions": [whole_path(each) for each in answer.suggestions],
        "coverage": record_object(answer.coverage),
    }


def _link_object(link: Link) -> dict[str, Any]:
    target = None if link.target is None else _meant_object(link.target)
    return record_object(link) | {"line": link.line, "target": target}


def _meant_object(meant: Meant) -> dict[str, Any]:
    return record_object(meant) | {"line": meant.line}


def report_object(report: BuildReport, *, root: str, index_dir: str) -> dict[str, Any]:
    """What ``index`` did, and where."""
    return {"root": whole_path(root), "index_dir": whole_path(index_dir), **record_object(report)}


def config_object(loaded: Loaded) -> dict[str, Any]:
    """Each value and where it came from, the files looked at, and what was passed over, in their order."""
    return {
        "settings": _shown(loaded.origins),
        "files": _shown(loaded.files),
        "notes": _shown(loaded.settings.passed_over),
    }


def _shown(value: Any, without: frozenset[str] = frozenset()) -> Any:
    """A field's value as JSON has it."""
    if hasattr(value, "__struct_fields__"):
        return record_object(value, without=without)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_shown(each, without) for each in value]
    if isinstance(value, Enum):
        return value.value
    return value
