"""Appends a table to TOML, and takes it out again, by changing nothing but that place.

The table goes to the end, where it belongs to no other: after an empty line, and with a line end of its own
only if the text ended with one, so that :func:`without` can tell what stood there before.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from semindex.agents.entries import NAME, Entry, Unsuitable, line_end

_HEADER = re.compile(r"\s*\[\[?\s*(.+?)\s*\]\]?\s*(?:#.*)?$")
_BARE = re.compile(r"""\s*(?:"([^"\\]*)"|'([^']*)'|([\w-]+))\s*(?:\.|$)""", re.ASCII)
_PIECE = re.compile(r"'''|\"\"\"|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|#.*|[\[\]]|\\.|.", re.DOTALL)
"""What can open or close something in a line, and all else."""


def value_of(text: str) -> Any:
    """What a text holds.

    Raises:
        Unsuitable: It is not TOML.
    """
    try:
        return tomllib.loads(text.removeprefix("\ufeff").replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Unsuitable(f"is not TOML: {error}") from error


def found(text: str, entry: Entry) -> Any:
    """What our key holds; None where it is not there.

    Raises:
        Unsuitable: The text is not TOML, or is not laid out as the client's settings.
    """
    table = value_of(text).get(entry.table, {})
    if not isinstance(table, Mapping):
        raise Unsuitable(f"has something else than a table at the key {entry.table!r}")
    return table.get(NAME)


def with_entry(text: str, entry: Entry) -> str:
    """The text with the entry in it, which must not be there yet.

    Raises:
        Unsuitable: The text is not TOML, or cannot be extended by a table.
    """
    end = line_end(text)
    table = end.join(_lines(entry))
    before = text.removeprefix("\ufeff")
    if not before:
        result = text + table + end
    elif before.endswith("\n"):
        result = text + end + table + end
    else:
        result = text + end + end + table
    try:
        value_of(result)
    except Unsuitable as error:
        value_of(text)
        raise Unsuitable(f"defines {entry.table!r} in a way that no table can be added to") from error
    return result


def with_value(text: str, entry: Entry) -> str:
    """The text with another value for our key, which must be there."""
    return with_entry(without(text, entry), entry)


def with_text_of(text: str, entry: Entry, former: str) -> str:
    """The ``former`` text, if all else is the same; else the value of our key there, put in anew."""
    if without(text, entry) == without(former, entry):
        return former
    return with_value(text, Entry(entry.table, found(former, entry)))


def without(text: str, entry: Entry) -> str:
    """The text without our table, which must be there, and the tables in it.

    Raises:
        Unsuitable: It is written in another way than as a table with a header.
    """
    kept: list[str] = []
    held: list[str] = []  # empty lines and comments that may belong to the next table
    ours = False
    for line, header in _with_headers(text):
        if header is not None:
            was_ours, ours = ours, header[:2] == (entry.table, NAME)
            if not ours:
                kept += held
            elif not was_ours and len(kept) > 1 and not kept[-1].strip("\r\n"):
                kept.pop()  # the empty line before our table
            held = []
        if not ours:
            kept.append(line)
        elif line.startswith("\ufeff"):
            kept.append("\ufeff")
        elif not line.strip() or line.lstrip().startswith("#"):
            held.append(line)
        else:
            held = []
    result = "".join(kept + held)
    if ours and not held and not text.endswith("\n"):
        result = result.removesuffix("\n").removesuffix("\r")
    if found(result, entry) is not None or _rest(value_of(result), entry) != _rest(value_of(text), entry):
        raise Unsuitable(f"defines {entry.table}.{NAME} in an unusual way; take it out by hand")
    return result


def _rest(document: Mapping[str, Any], entry: Entry) -> dict[str, Any]:
    """A document without our key, and without the table that holds nothing else."""
    rest = dict(document)
    table = {key: value for key, value in rest.pop(entry.table, {}).items() if key != NAME}
    return rest | ({entry.table: table} if table else {})


def _lines(entry: Entry) -> Iterator[str]:
    yield f"[{entry.table}.{NAME}]"
    for key, value in entry.value.items():
        yield f"{key if re.fullmatch('[A-Za-z0-9_-]+', key) else json.dumps(key)} = {_written(value)}"


def _written(value: Any) -> str:
    """A value as TOML has it, on one line; JSON's strings are TOML's but for the character DEL."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_written(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_written(each) for each in value) + "]"
    if isinstance(value, str | bool | int | float):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value)  # dates


def _with_headers(text: str) -> Iterator[tuple[str, tuple[str, ...] | None]]:
    """Each line with its end, and the path of the table whose header it is."""
    inside = ""  # the quotes of a string of several lines
    depth = 0  # of arrays of several lines
    for line in re.split(r"(?<=\n)", text):
        header = None
        if not inside and depth == 0 and (match := _HEADER.match(line.lstrip("\ufeff").rstrip("\r\n"))):
            header = _path(match[1])
        if header is None:
            inside, depth = _after(line, inside, depth)
        yield line, header


def _path(dotted: str) -> tuple[str, ...]:
    """The keys of ``a."b c".d``."""
    keys, place = [], 0
    while place < len(dotted) and (match := _BARE.match(dotted, place)):
        keys.append(next(group for group in match.groups() if group is not None))
        place = match.end()
    return tuple(keys)


def _after(line: str, inside: str, depth: int) -> tuple[str, int]:
    """Which string and how many arrays are open after a line."""
    for piece in _PIECE.finditer(line):
        token = piece[0]
        if inside:
            inside = "" if token == inside else inside
        elif token in ("'''", '"""'):
            inside = token
        elif token.startswith("#"):
            break
        else:
            depth += {"[": 1, "]": -1}.get(token, 0)
    return inside, depth
