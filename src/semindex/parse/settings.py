r"""Find the settings of configuration files: keys with the keys that enclose them, and their comments.

>>> text = b"spring:\n  redis:\n    # Where it runs.\n    host: localhost\n"
>>> drafts = settings_of("application.yml", "yaml", text)
>>> [(each.name, each.parent) for each in drafts]
[('spring', -1), ('redis', 0), ('host', 1)]

A key is a definition of kind ``setting``; its enclosing keys are its parents, so ``spring.redis.host`` is
found whole and by its parts. An entry of a list is named by what it says of itself: ``- name: DB_HOST`` and
``- DB_HOST=db`` are the setting ``DB_HOST``; other keys of entries are none. Large files are data and have no
settings: those over ``MOST_BYTES``, with over ``MOST_SETTINGS`` keys, or with many keys of which few differ.
So are translations, by the name of their folder.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import chain, groupby, pairwise
from typing import NamedTuple

from semindex.parse.drafts import Draft
from semindex.parse.yamltexts import FlowValues, block_texts
from semindex.types import Kind

MOST_BYTES = 200_000
MOST_SETTINGS = 1_500
MOST_DEPTH = 8
_MANY = 150
_LEAST_DISTINCT = 0.25
"""A file with over ``_MANY`` keys, of which a smaller share than this differ, lists the same things again."""
NAME_MOST_BYTES = 120

_TRANSLATIONS = re.compile(r"(?:^|/)(?:locales?|i18n|lang|langs|translations?)/")
_YAML_KEY = re.compile(
    rb"(?P<indent>[ ]*+)(?P<dashes>(?:-[ ]++)*+)"
    rb"(?:\"(?P<double>[^\"\n]++)\"|'(?P<single>[^'\n]++)'|(?P<plain>[^\s\#\[\]{}\"'&*!|>%@`,:?-]"
    rb"[^\n:\#]*+(?::(?=\S)[^\n:\#]*+)*+))"
    rb"[ \t]*+:(?=[ \t\r\n]|\Z)[ \t]*+(?P<value>[^\n]*+)"
)
_YAML_ITEM = re.compile(
    rb"[ ]*+-[ ]++[\"']?+(?P<name>[A-Z][A-Z0-9_]{2,}+)(?==|[\"']?+[ \t\r]*+$)", re.MULTILINE
)
_YAML_DOCUMENT = re.compile(rb"^---(?=[\s])", re.MULTILINE)
_RESOURCE_KIND = re.compile(r"[A-Z][A-Za-z]++")
_FLOW_MARKS = (b"{", b"[", b'"', b"'")
"""What a value begins with that may end on a later line, whatever the indentation there."""
_NAMERS = (b"name", b"id", b"key", b"Name", b"Id", b"Key")
"""The first key of a list's entry with one of these names the entry."""

_TABLE = re.compile(rb"[ \t]*+\[\[?+[ \t]*+(?P<name>[^\]\n]++)\]\]?+[ \t]*+(?:[\#;][^\n]*+)?+\r?\n?\Z")
_TOML_PART = rb"(?:[\w-]++|\"[^\"\n]++\"|'[^'\n]++')"
_TOML_KEY = re.compile(
    rb"[ \t]*+(?P<name>" + _TOML_PART + rb"(?:[ \t]*+\.[ \t]*+" + _TOML_PART + rb")*+)[ \t]*+=(?!=)"
)
_TOML_TOKEN = re.compile(
    rb"(?P<tall>\"\"\"(?:[^\"\\]++|\\[\s\S]|\"(?!\"\"))*+(?:\"{3,5}+)?+|'''(?:[^']++|'(?!''))*+(?:'{3,5}+)?+)"
    rb"|\"(?:[^\"\\\n]++|\\[^\n])*+\"?+|'[^'\n]*+'?+|\#[^\n]*+"
)
_INI_KEY = re.compile(rb"(?:export[ \t]++)?+(?P<name>[A-Za-z_][\w./*@-]*+(?:\[\w*+\])?+)[ \t]*+[=:](?!=|//)")
_JOINS = re.compile(rb"(?<!\\)(?:\\\\)*+\\\r?\n\Z")
"""A line's end that an odd number of backslashes joins to the next line."""
_COMMENTED_KEY = re.compile(rb"[\#;][ ]?+(?P<name>[A-Za-z_][\w.-]*+)[ \t]*+=[ \t]*+\S")
_SPACED_KEY = re.compile(rb"(?P<name>[A-Za-z][\w.-]*+)[ \t]++[^\s=:{]")
_COMMENTED_SPACED_KEY = re.compile(
    rb"\#[ ]?+(?P<name>[a-z][a-z\d]*+(?:[-_.][a-z\d]++)++|[a-z][a-z\d]++(?=[ ]<))"
    rb"[ \t]++[^\s.,]++(?:[ \t]++[^\s.,]++){0,2}[ \t]*+\r?\n?\Z"
)
_JSON_TOKEN = re.compile(
    rb"\"(?P<string>(?:[^\"\\\n]++|\\[^\n])*+)(?:\"(?P<colon>[ \t\r\n]*+:)?+)?+|(?P<mark>[{}\[\]])"
    rb"|//[^\n]*+|/\*(?:[^*]++|\*(?!/))*+(?:\*/)?+"
)


def settings_of(path: str, language: str, text: bytes) -> list[Draft]:
    """The settings of a file, ascending by start, parents first; empty for data and for other languages."""
    find = _FINDERS.get(language)
    if find is None or len(text) > MOST_BYTES or _TRANSLATIONS.search(path):
        return []
    drafts: list[Draft] = []
    for draft in find(text) if language != "ini" else _ini(text, joins=path.endswith(".properties")):
        drafts.append(draft)
        if len(drafts) > MOST_SETTINGS:
            return []
    return [] if _is_data(drafts) else drafts


def _is_data(drafts: list[Draft]) -> bool:
    return len(drafts) > _MANY and len({draft.name for draft in drafts}) < _LEAST_DISTINCT * len(drafts)


def _lines(text: bytes) -> Iterator[tuple[int, bytes]]:
    """Each line with the offset at which it begins; a byte order mark is skipped."""
    offset = 3 if text.startswith(b"\xef\xbb\xbf") else 0
    for line in text[offset:].splitlines(keepends=True):
        yield offset, line
        offset += len(line)


def _name(raw: bytes) -> str:
    return " ".join(raw[:NAME_MOST_BYTES].decode("utf-8", "replace").split())


class _Open(NamedTuple):
    """A key, or an entry of a list, whose lines go on."""

    column: int
    position: int
    """Among the drafts; -1 for an entry without a name."""
    is_entry: bool


class _Nesting:
    """The settings found so far, and what encloses the next one."""

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self.open: list[_Open] = []

    def close(self, column: int, offset: int) -> None:
        """End at a byte offset what is not left of ``column``."""
        while self.open and self.open[-1].column >= column:
            position = self.open.pop().position
            if position >= 0:
                self.drafts[position].end = offset

    def add(self, name: str, column: int, start: int, *, is_entry: bool = False) -> None:
        """Begin a setting; without a name an entry that only holds others."""
        parent = next((each.position for each in reversed(self.open) if each.position >= 0), -1)
        self.open.append(_Open(column, len(self.drafts) if name else -1, is_entry))
        if name:
            self.drafts.append(Draft(name, Kind.SETTING, start, start + 1, parent))


def _yaml(text: bytes) -> list[Draft]:
    found = _Nesting()
    texts = dict(block_texts(text).tolist())
    flows = FlowValues(text)
    skipped = -1  # lines indented deeper belong to a text, or to brackets, that began before
    resumed = 0  # so do lines that begin before this byte
    last = 0
    for offset, line in _lines(text):
        bare = line.lstrip(b" ")
        column = len(line) - len(bare)
        if offset < resumed:
            last = offset + len(line)
            continue
        if not bare.strip() or (bare.startswith(b"#") and column <= max(skipped, 0)):
            continue
        if 0 <= skipped < column:
            last = offset + len(line)
            continue
        if bare.startswith(b"#"):
            continue
        skipped = -1
        if line.startswith((b"---", b"...")):
            found.close(0, last)
        elif (key := _YAML_KEY.match(line)) is not None:
            _yaml_key(found, key, offset, last)
            if key["value"][:1] in _FLOW_MARKS:
                resumed = flows.end(offset + key.start("value"))
                skipped = len(key["indent"]) + len(key["dashes"]) if resumed < 0 else -1
        else:
            found.close(column + 1, last)
            item = _YAML_ITEM.match(line)
            if item is not None:
                found.add(_name(item["name"]), column + 1, offset + column, is_entry=True)
        last = offset + len(line)
        resumed = max(resumed, texts.get(last - 1, 0))
    found.close(-1, last)
    return _with_resources(found.drafts, text)


def _with_resources(drafts: list[Draft], text: bytes) -> list[Draft]:
    """The drafts inside of the resources of Kubernetes that their documents describe, if any does.

    A document with ``kind: Service`` and ``metadata: {name: gateway}`` is the resource ``Service gateway``.
    """
    if b"kind:" not in text or b"metadata:" not in text:
        return drafts
    marks = [mark.start() for mark in _YAML_DOCUMENT.finditer(text)]
    kept: list[Draft] = []
    inside = 0  # how many settings the documents before have
    for _, document in groupby(_trees(drafts), lambda tree: bisect_right(marks, tree[0].start)):
        trees = list(document)
        resource = _resource(trees, text)
        around, shift = (len(kept) if resource else -1), len(kept) + bool(resource) - inside
        if resource:
            kept.append(Draft(resource, Kind.OBJECT, trees[0][0].start, trees[-1][0].end, -1))
        for draft in chain.from_iterable(trees):
            draft.parent = draft.parent + shift if draft.parent >= 0 else around
            kept.append(draft)
            inside += 1
    return kept


def _trees(drafts: list[Draft]) -> Iterator[list[Draft]]:
    """Each setting that nothing encloses, with all that it encloses."""
    outermost = [position for position, draft in enumerate(drafts) if draft.parent < 0]
    for first, last in pairwise([*outermost, len(drafts)]):
        yield drafts[first:last]


def _resource(trees: list[list[Draft]], text: bytes) -> str:
    """The kind and the name of what a document describes; empty if it is no resource."""
    kind = next((_value(tree[0], text) for tree in trees if tree[0].name == "kind"), "")
    described = next((tree for tree in trees if tree[0].name == "metadata"), [])
    column = min((_column(each, text) for each in described[1:]), default=0)
    names = (each for each in described[1:] if each.name == "name" and _column(each, text) == column)
    name = next((_value(each, text) for each in names), "")
    return f"{kind} {name}" if _RESOURCE_KIND.fullmatch(kind) and name else ""


def _column(draft: Draft, text: bytes) -> int:
    return draft.start - text.rfind(b"\n", 0, draft.start)


def _value(draft: Draft, text: bytes) -> str:
    """What stands behind a key on its line, without quotes; empty for what a template fills in."""
    line = text[draft.start : draft.end].partition(b"\n")[0].partition(b":")[2].partition(b" #")[0]
    return "" if b"{{" in line else _name(line.strip(b" \t\r\"'"))


def _yaml_key(found: _Nesting, key: re.Match[bytes], offset: int, last: int) -> None:
    """Add what a line defines."""
    column, value = len(key["indent"]), key["value"]
    inner = column + len(key["dashes"])
    raw = key["double"] or key["single"] or key["plain"].rstrip()
    if key["dashes"]:
        found.close(column + 1, last)
        title = value.split(b" #")[0].strip(b" \t\r\"'") if raw in _NAMERS and value[:1] not in b"{[" else b""
        found.add(_name(title), column + 1, offset + column, is_entry=True)
    else:
        found.close(inner, last)
    is_scalar = bool(value.strip()) and not value.startswith(b"#")
    in_entry = bool(found.open) and found.open[-1].is_entry
    if raw != b"<<" and len(found.open) < MOST_DEPTH and not (in_entry and is_scalar):
        found.add(_name(raw), inner, offset + inner)


def _toml(text: bytes) -> list[Draft]:
    found = _Nesting()
    tall = (token.span() for token in _TOML_TOKEN.finditer(text) if token["tall"])
    start, end = next(tall, (len(text), len(text)))
    for offset, line in _lines(text):
        while end <= offset < len(text):
            start, end = next(tall, (len(text), len(text)))
        if start < offset:
            continue
        table = _TABLE.match(line)
        key = None if table else _TOML_KEY.match(line)
        if table is not None:
            found.close(0, offset)
            found.add(_name(table["name"]).replace('"', ""), 0, offset + line.index(b"["))
        elif key is not None:
            found.close(1, offset)
            found.add(_name(key["name"]).replace('"', ""), 1, offset + key.start("name"))
    found.close(-1, len(text))
    return found.drafts


def _ini(text: bytes, *, joins: bool = False) -> list[Draft]:
    """Sections and keys. If blanks part keys and values in most lines (``port 6379``), these are the keys.

    A value goes on over the lines below it that are indented; with ``joins`` a backslash at the end of a line
    joins the next one to it.
    """
    lines = list(_lines(text))
    written = sum(1 for _, line in lines if _INI_KEY.match(line))
    spaced = sum(1 for _, line in lines if _SPACED_KEY.match(line))
    keys = (_INI_KEY, _COMMENTED_KEY) if written >= spaced else (_SPACED_KEY, _COMMENTED_SPACED_KEY)
    found = _Nesting()
    last = 0  # where the value ends that may go on
    is_joined = False
    for offset, line in lines:
        end = offset + len(line)
        goes_on = is_joined or (line[:1] in (b" ", b"\t") and line.strip() and last == offset)
        is_joined = joins and not line.startswith((b"#", b"!")) and _JOINS.search(line) is not None
        if goes_on:
            last = end
            continue
        table = _TABLE.match(line)
        key = None if table else keys[0].match(line) or keys[1].match(line)
        if table is not None or key is not None:
            found.close(1, last)
        if table is not None:
            found.close(0, offset)
            found.add(_name(table["name"]), 0, offset)
        elif key is not None:
            found.add(_name(key["name"]), 1, offset)
            last = end
    found.close(1, last)
    found.close(-1, len(text))
    return found.drafts


def _json(text: bytes) -> list[Draft]:
    """The keys of objects that are in no list."""
    found = _Nesting()
    depth, lists = 0, 0
    for token in _JSON_TOKEN.finditer(text):
        mark = token["mark"]
        if mark == b"[":
            lists += 1
        elif mark == b"]":
            lists = max(0, lists - 1)
        elif mark == b"{":
            depth += not lists
        elif mark == b"}" and not lists:
            found.close(depth, token.start())
            depth = max(0, depth - 1)
        elif token["colon"] is not None and not lists and 0 < depth <= MOST_DEPTH and token["string"]:
            found.close(depth, token.start())
            found.add(_name(token["string"]), depth, token.start())
            if len(found.drafts) > MOST_SETTINGS:
                break
    found.close(-1, len(text.rstrip(b" \t\r\n}")))
    return found.drafts


_FINDERS = {"yaml": _yaml, "toml": _toml, "ini": _ini, "json": _json}
CONFIGURED = frozenset(_FINDERS)
"""The languages whose settings are found."""
