"""A syntax tree and its table to symbols.

The walk is iterative and looks only where the table sends it: the children of the root, of containers
and of what encloses definitions; the rest of the tree is never touched from Python.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from tree_sitter import Node, Tree

from semindex.parse.comments import Ranges
from semindex.parse.lines import TextLines
from semindex.parse.tables.base import CONTAINERS, Context, Definition, Rule, Step, Table
from semindex.types import Kind, Span, Symbol

MAX_SYMBOLS = 50_000
"""A file with more definitions is generated data; the first ones are kept."""

_FUNCTIONS = frozenset({Kind.FUNCTION, Kind.METHOD, Kind.MACRO})
_BLANKS = b" \t\r\n\f\v"
_MARGIN = _BLANKS + b"\xef\xbb\xbf"


class _Visit(NamedTuple):
    node: Node
    parent: int
    local: bool
    start: int
    """Where the definition at this node starts; -1 for at the node."""
    doc: tuple[int, int]


@dataclass(slots=True)
class _Draft:
    """A symbol while the tree is walked."""

    name: str
    kind: Kind
    start: int
    end: int
    parent: int
    doc: tuple[int, int]
    merges: bool
    documented_only: bool


@dataclass(slots=True)
class _DefinitionFinder:
    table: Table
    source: bytes
    drafts: list[_Draft] = field(default_factory=list)
    types: dict[str, int] = field(default_factory=dict)
    """Name to position of the definitions that out-of-class members can belong to."""

    def run(self, root: Node) -> None:
        stack = [_Visit(root, -1, False, -1, (0, 0))]
        self._expand(stack.pop(), stack)
        while stack and len(self.drafts) < MAX_SYMBOLS:
            visit = stack.pop()
            action = self.table.rules[visit.node.type]
            if not isinstance(action, Step):
                kind = self.drafts[visit.parent].kind if visit.parent >= 0 else None
                found = action(visit.node, Context(self.source, kind, visit.local, visit.start))
                if found is None:
                    continue
                if not isinstance(found, Step):
                    self._add(found, visit, stack)
                    continue
                action = found
            if action is not Step.LEADING:
                self._expand(self._through(visit, action), stack)

    def _through(self, visit: _Visit, step: Step) -> _Visit:
        node, parent, local, start, doc = visit
        if step is Step.WRAP:
            return _Visit(node, parent, local, start if start >= 0 else node.start_byte, doc)
        return _Visit(node, parent, local or step is Step.SCOPE, -1, (0, 0))

    def _expand(self, visit: _Visit, stack: list[_Visit]) -> None:
        """Put the children that the table knows on the stack, the first one on top."""
        rules = self.table.rules
        is_doc = self.table.sibling_doc
        context = Context(self.source, None, False)
        found: list[_Visit] = []
        start, leading, doc = visit.start, -1, visit.doc
        for child in visit.node.children:
            action = rules.get(child.type)
            if action is None:
                if leading >= 0 and child.is_named and not child.is_extra:
                    leading = -1
            elif is_doc is not None and is_doc(child, context):
                doc = (child.start_byte, child.end_byte)
            elif visit.local and isinstance(action, Step) and self._is_short(child):
                continue
            elif action is Step.LEADING or (is_doc is not None and self._leads(child, action, context)):
                leading = child.start_byte if leading < 0 else leading
            else:
                first = start if start >= 0 else leading
                found.append(_Visit(child, visit.parent, visit.local, first, doc))
                start, leading, doc = -1, -1, (0, 0)
        stack.extend(reversed(found))

    def _is_short(self, node: Node) -> bool:
        """Whether a part of a function has too few lines to hold a function worth naming."""
        return self.source.count(b"\n", node.start_byte, node.end_byte) < 2

    def _leads(self, child: Node, action: Rule | Step, context: Context) -> bool:
        """Whether a rule calls its node a leading one (Elixir's attributes)."""
        return callable(action) and action(child, context) is Step.LEADING

    def _add(self, found: Definition | list[Definition], visit: _Visit, stack: list[_Visit]) -> None:
        for definition in [found] if isinstance(found, Definition) else found:
            if definition.name and not self._merged(definition, visit):
                self._append(definition, visit)
            if definition.inner is not None:
                local = visit.local or definition.kind in _FUNCTIONS
                self._expand(_Visit(definition.inner, len(self.drafts) - 1, local, -1, (0, 0)), stack)

    def _merged(self, definition: Definition, visit: _Visit) -> bool:
        """Lengthen the definition before, when this is another clause of it."""
        last = self.drafts[-1] if self.drafts else None
        if last is None or not definition.merges or not last.merges:
            return False
        if last.name != definition.name or last.parent != visit.parent:
            return False
        last.end = max(last.end, visit.node.end_byte)
        return True

    def _append(self, definition: Definition, visit: _Visit) -> None:
        name, kind, parent = definition.name, definition.kind, visit.parent
        if definition.qualifier:
            owner = self.types.get(definition.qualifier.rpartition(definition.separator)[2], -1)
            if owner < 0:
                name = f"{definition.qualifier}{definition.separator}{name}"
            else:
                parent = owner
            kind = self._member_kind(kind, self.drafts[owner].kind if owner >= 0 else Kind.CLASS)
        elif parent >= 0:
            kind = self._member_kind(kind, self.drafts[parent].kind)
        node = visit.node
        start = visit.start if visit.start >= 0 else node.start_byte
        end = definition.end if definition.end >= 0 else node.end_byte
        draft = _Draft(
            name, kind, start, end, parent, visit.doc, definition.merges, definition.documented_only
        )
        if draft.doc == (0, 0) and self.table.docstring is not None:
            docstring = self.table.docstring(node, Context(self.source, None, False))
            draft.doc = (docstring.start_byte, docstring.end_byte) if docstring else (0, 0)
        if kind not in _FUNCTIONS:
            self.types.setdefault(name, len(self.drafts))
        self.drafts.append(draft)

    def _member_kind(self, kind: Kind, parent: Kind) -> Kind:
        return Kind.METHOD if kind is Kind.FUNCTION and parent in CONTAINERS else kind


def symbols_of(tree: Tree, table: Table, lines: TextLines, comments: Ranges) -> tuple[Symbol, ...]:
    """The definitions of a file, in order of their start, parents before members."""
    walk = _DefinitionFinder(table, lines.text)
    walk.run(tree.root_node)
    drafts = walk.drafts
    if table.rest_of_file:
        _enclose_rest(drafts, tree.root_node, table)
    if not drafts:
        return ()
    for draft in drafts:
        draft.end = _trimmed_end(lines.text, draft.start, draft.end)
    _find_docs(drafts, lines.text, comments)
    drafts = _without_undocumented(drafts)
    starts = lines.numbers(draft.start for draft in drafts)
    ends = lines.numbers(max(draft.start, draft.end - 1) for draft in drafts)
    return tuple(
        Symbol(draft.name, draft.kind, Span(first, last, draft.start, draft.end), draft.parent, draft.doc)
        for draft, first, last in zip(drafts, starts, ends, strict=True)
    )


def module_docstring(tree: Tree, table: Table, text: bytes) -> tuple[int, int]:
    """The byte range of the docstring of the file itself; empty if none."""
    found = table.docstring(tree.root_node, Context(text, None, False)) if table.docstring else None
    return (found.start_byte, found.end_byte) if found else (0, 0)


def _trimmed_end(text: bytes, start: int, end: int) -> int:
    while end > start + 1 and text[end - 1] in _BLANKS:
        end -= 1
    return end


def _enclose_rest(drafts: list[_Draft], root: Node, table: Table) -> None:
    """Make what follows a ``namespace A;`` its member."""
    heads = {
        node.start_byte for node in root.children if node.type in table.rest_of_file and _has_no_body(node)
    }
    current = -1
    for position, draft in enumerate(drafts):
        if draft.parent >= 0:
            continue
        if draft.kind is Kind.MODULE and draft.start in heads:
            if current >= 0:
                drafts[current].end = draft.start
            current, draft.end = position, root.end_byte
        elif current >= 0:
            draft.parent = current


def _has_no_body(node: Node) -> bool:
    return node.child_by_field_name("body") is None


def _find_docs(drafts: Iterable[_Draft], text: bytes, comments: Ranges) -> None:
    """Give each definition without a docstring the comment lines directly above it."""
    ends: list[int] = comments[:, 1].tolist()
    starts: list[int] = comments[:, 0].tolist()
    for draft in drafts:
        if draft.doc != (0, 0) or not ends:
            continue
        first = last = bisect_right(ends, draft.start) - 1
        below = draft.start
        while first >= 0 and _stands_above(text, starts[first], ends[first], below):
            below = starts[first]
            first -= 1
        if first < last:
            draft.doc = (starts[first + 1], ends[last])


def _without_undocumented(drafts: list[_Draft]) -> list[_Draft]:
    """Drop the definitions that count only with a comment and have none."""
    if not any(draft.documented_only for draft in drafts):
        return drafts
    moved: list[int] = []
    kept: list[_Draft] = []
    for draft in drafts:
        moved.append(len(kept))
        if not draft.documented_only or draft.doc != (0, 0):
            draft.parent = moved[draft.parent] if draft.parent >= 0 else -1
            kept.append(draft)
    return kept


def _stands_above(text: bytes, start: int, end: int, below: int) -> bool:
    """Whether a comment fills its lines and ends on the line before ``below`` (or on its line)."""
    between = text[end:below] if below - end <= 1000 else b"x"
    if between.strip(_BLANKS) or between.count(b"\n") > 1 or text[start : start + 2] == b"#!":
        return False
    line = text.rfind(b"\n", max(0, start - 1000), start) + 1
    return start - line <= 1000 and not text[line:start].strip(_MARGIN) and text[start : start + 3] != b"//!"


def docstring_ranges(symbols: Iterable[Symbol]) -> Ranges:
    """The doc ranges of symbols as rows, those empty left out."""
    rows = sorted({symbol.doc for symbol in symbols if symbol.doc[1] > symbol.doc[0]})
    return np.array(rows, dtype=np.int64).reshape(-1, 2)
