r"""Find the symbols of a file in its syntax tree.

>>> from semindex.parse.parser import SourceFile, parse_file
>>> text = b"# Reads files.\nclass Reader:\n    @cache\n    def read(self):\n        '''Read.'''\n"
>>> parsed = parse_file(SourceFile("a.py", text, b"", "python", len(text)))
>>> [(each.name, each.kind.label, each.span.start_line, each.parent, each.doc) for each in parsed.symbols]
[('Reader', 'class', 2, -1, (0, 14)), ('read', 'method', 3, 0, (68, 79))]
>>> parsed.comments.tolist()
[[0, 14], [68, 79]]

The table of a language tells what to do with a node of each type. Only nodes whose parents the table enters
are looked at (the children of the root, of classes, of conditions ...), because each look at a node costs a
Python object; most of a tree, such as the expressions in a function, is never looked at.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from msgspec import Struct, field
from tree_sitter import Node, Tree

from semindex.parse.comments import Ranges
from semindex.parse.drafts import FUNCTIONS, MAX_SYMBOLS, Draft, finished, lengthened, placed, with_more
from semindex.parse.heads.recovery import recovered
from semindex.parse.heads.registry import head_table_of
from semindex.parse.lines import TextLines
from semindex.parse.tables.base import Context, Definition, Step, Table
from semindex.types import Kind, Symbol


class _Visit(NamedTuple):
    """A node that is still to be looked at."""

    node: Node
    parent: int
    """The position of the draft that encloses the node, or -1."""
    local: bool
    """Whether the node is inside a function."""
    start: int
    """The byte where a definition at this node starts (at ``export``, say); -1 for the node's own start."""
    doc: tuple[int, int]
    is_member: bool = False
    """Whether it is one of the ``members`` of a definition; one of these may hold another."""

    @property
    def first_byte(self) -> int:
        return self.start if self.start >= 0 else self.node.start_byte


class _DefinitionFinder(Struct):
    """Walks a tree and collects drafts of symbols, in the order of their start."""

    table: Table
    source: bytes
    drafts: list[Draft] = field(default_factory=list)
    types: dict[str, int] = field(default_factory=dict)
    """The positions of types by their names; members defined outside their class are found by them."""

    seen: set[int] = field(default_factory=set)
    """The nodes that were looked at."""

    def run(self, root: Node) -> None:
        stack: list[_Visit] = []
        self._expand(_Visit(root, -1, False, -1, (0, 0)), stack)
        while stack and len(self.drafts) < MAX_SYMBOLS:
            visit = stack.pop()
            if visit.is_member and self._is_passed(visit.node):
                continue
            self.seen.add(visit.node.id)
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
            if action is Step.WRAP:
                self._expand(visit._replace(start=visit.first_byte), stack)
            elif action is not Step.LEADING:
                local = visit.local or action is Step.SCOPE
                self._expand(_Visit(visit.node, visit.parent, local, -1, (0, 0)), stack)

    def _expand(self, visit: _Visit, stack: list[_Visit]) -> None:
        """Put the children of a node that the table knows on the stack, the first one on top.

        The first child takes over ``visit.start`` and ``visit.doc``. ``leading`` is the start of attributes
        directly before a child, with which the definition of the child begins.
        """
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
            elif visit.local and isinstance(action, Step) and _is_short(child):
                continue
            elif action is Step.LEADING or (
                is_doc is not None and callable(action) and action(child, context) is Step.LEADING
            ):
                leading = child.start_byte if leading < 0 else leading
            else:
                first = start if start >= 0 else leading
                found.append(_Visit(child, visit.parent, visit.local, first, doc))
                start, leading, doc = -1, -1, (0, 0)
        stack.extend(reversed(found))

    def _add(self, found: Definition | list[Definition], visit: _Visit, stack: list[_Visit]) -> None:
        for definition in [found] if isinstance(found, Definition) else found:
            if definition.name and not self._merges(definition, visit):
                self._append(definition, visit)
            if definition.inner is not None:
                local = visit.local or definition.kind in FUNCTIONS
                self._expand(_Visit(definition.inner, len(self.drafts) - 1, local, -1, (0, 0)), stack)
            members = [member for member in definition.members if member.type in self.table.rules]
            for member in sorted(members, key=lambda node: -node.start_byte):
                stack.append(_Visit(member, len(self.drafts) - 1, True, -1, (0, 0), is_member=True))

    def _is_passed(self, member: Node) -> bool:
        """Whether a member was looked at inside of another one, or cannot be put in order any more."""
        return member.id in self.seen or (bool(self.drafts) and member.start_byte < self.drafts[-1].start)

    def _merges(self, definition: Definition, visit: _Visit) -> bool:
        """Whether this is another clause of the definition before, which then is lengthened."""
        end = visit.node.end_byte
        return definition.merges and lengthened(self.drafts, definition.name, visit.parent, end)

    def _append(self, definition: Definition, visit: _Visit) -> None:
        qualifier, separator = definition.qualifier, definition.separator
        owner = self.types.get(qualifier.rpartition(separator)[2], -1) if qualifier else -1
        name, kind, parent = placed(
            self.drafts, definition.name, definition.kind, visit.parent, qualifier, separator, owner
        )
        end = definition.end if definition.end >= 0 else visit.node.end_byte
        doc = visit.doc if visit.doc != (0, 0) else docstring_of(visit.node, self.table, self.source)
        if kind not in FUNCTIONS:
            self.types.setdefault(name, len(self.drafts))
        merges, documented_only = definition.merges, definition.documented_only
        self.drafts.append(Draft(name, kind, visit.first_byte, end, parent, doc, merges, documented_only))


def _is_short(node: Node) -> bool:
    """Whether a node inside a function has under three lines: too few for a function worth naming."""
    return node.end_point.row - node.start_point.row < 2


def symbols_of(
    tree: Tree, language: str, table: Table, lines: TextLines, comments: Ranges
) -> tuple[Symbol, ...]:
    """The symbols of a file in the order of their start, parents before members.

    Where the tree has errors, definitions that it lost are found by their heads.
    """
    finder = _DefinitionFinder(table, lines.text)
    finder.run(tree.root_node)
    drafts = finder.drafts
    if table.rest_of_file:
        _enclose_rest(drafts, tree.root_node, table)
    heads = head_table_of(language) if tree.root_node.has_error else None
    if heads is not None:
        drafts = recovered(language, lines.text, heads, drafts)
    if table.beside is not None:
        drafts = with_more(drafts, table.beside(lines.text, comments))
    return finished(drafts, lines, comments)


def docstring_of(node: Node, table: Table, text: bytes) -> tuple[int, int]:
    """The byte range of the docstring of a definition, or of the file; ``(0, 0)`` without one."""
    found = table.docstring(node, Context(text, None, False)) if table.docstring else None
    return (found.start_byte, found.end_byte) if found else (0, 0)


def _enclose_rest(drafts: list[Draft], root: Node, table: Table) -> None:
    """Make each ``namespace A;`` without a body the parent of what follows it."""
    spaces = (node for node in root.children if node.type in table.rest_of_file)
    heads = {node.start_byte for node in spaces if node.child_by_field_name("body") is None}
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


def docstring_ranges(symbols: Iterable[Symbol]) -> Ranges:
    """The distinct non-empty doc ranges of symbols, ascending, shape ``(m, 2)``."""
    rows = sorted({symbol.doc for symbol in symbols if symbol.doc[1] > symbol.doc[0]})
    return np.array(rows, dtype=np.int64).reshape(-1, 2)
