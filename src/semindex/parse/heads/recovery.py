"""Add the definitions that a broken syntax tree lost.

Where a grammar does not know a construct, its tree has errors, and definitions far behind the construct may
be missing. Their heads still stand in the text. What a head defines is added unless the tree has it already.
A head at the margin is never inside of a definition whose own head is at the margin as well: the tree has let
that one swallow what follows it, so it is made to end before the head.
"""

from bisect import bisect_right

from semindex.parse.drafts import FUNCTIONS, Draft, member_kind
from semindex.parse.heads.base import Found, HeadTable
from semindex.parse.heads.finder import counts_inside, heads_of, visible


def recovered(language: str, text: bytes, table: HeadTable, drafts: list[Draft]) -> list[Draft]:
    """The drafts of a tree with errors, and those of heads that the tree lacks; ascending by start."""
    seen = visible(language, text, table)
    known = _Known(drafts)
    missing = [found for found in heads_of(table, seen) if not known.has(found)]
    if not missing:
        return drafts
    return _joined(seen.code, drafts, missing)


class _Known:
    """Tells whether a tree has a definition."""

    def __init__(self, drafts: list[Draft]) -> None:
        self.spans: dict[str, list[tuple[int, int]]] = {}
        for draft in drafts:
            last = _last(draft.name)
            self.spans.setdefault(last, []).append((draft.start, draft.end))
        for spans in self.spans.values():
            spans.sort()

    def has(self, found: Found) -> bool:
        """Whether a definition of the name begins at or before the place of the name, and reaches to it."""
        spans = self.spans.get(_last(found.name), [])
        position = bisect_right(spans, (found.at, 1 << 62)) - 1
        return position >= 0 and spans[position][1] > found.at


def _last(name: str) -> str:
    return name.replace("::", ".").replace(":", ".").rpartition(".")[2]


class _Item:
    """A definition of the tree, or of a head, while both are joined."""

    __slots__ = ("column", "draft", "found", "position")

    def __init__(self, draft: Draft, column: int, position: int, found: Found | None) -> None:
        self.draft = draft
        self.column = column
        self.position = position
        """Among the tree's drafts; -1 for a head."""
        self.found = found


def _joined(code: bytes, drafts: list[Draft], missing: list[Found]) -> list[Draft]:
    items = [_Item(draft, _column(code, draft.start), number, None) for number, draft in enumerate(drafts)]
    for found in missing:
        draft = Draft(found.name, found.kind, found.start, found.end, -1, merges=found.merges)
        items.append(_Item(draft, found.column, -1, found))
    items.sort(key=lambda item: (item.draft.start, -item.draft.end))
    kept: list[_Item] = []
    moved: dict[int, int] = {}
    around: list[int] = []
    for item in items:
        _leave_ended(item, around, kept)
        if item.found is not None:
            _let_go(item, around, kept)
        parent = around[-1] if around else -1
        outer = kept[parent].draft if parent >= 0 else None
        if item.found is not None and outer is not None:
            if outer.kind in FUNCTIONS and not counts_inside(item.found, code):
                continue
            item.draft.end = min(item.draft.end, outer.end)
            item.draft.kind = member_kind(item.draft.kind, outer.kind)
        if item.position >= 0:
            moved[item.position] = len(kept)
            parent = _parent_of_known(item, parent, kept, moved)
        item.draft.parent = parent
        around.append(len(kept))
        kept.append(item)
    return [item.draft for item in kept]


def _let_go(item: _Item, around: list[int], kept: list[_Item]) -> None:
    """End what the tree lets reach over a head that is not indented deeper; remove it from ``around``."""
    while around and kept[around[-1]].column >= item.column:
        outer = kept[around.pop()].draft
        outer.end = max(outer.start + 1, item.draft.start - item.column)
        _leave_ended(item, around, kept)


def _leave_ended(item: _Item, around: list[int], kept: list[_Item]) -> None:
    """Remove what ends before an item from the end of ``around``; what is left there may hold ended ones."""
    while around and kept[around[-1]].draft.end <= item.draft.start:
        around.pop()


def _parent_of_known(item: _Item, around: int, kept: list[_Item], moved: dict[int, int]) -> int:
    """The parent of a definition of the tree: the tree's own, or a head's if that is nearer."""
    own = moved.get(item.draft.parent, -1) if item.draft.parent >= 0 else -1
    if around <= own or kept[around].found is None:
        return own
    item.draft.kind = member_kind(item.draft.kind, kept[around].draft.kind)
    return around


def _column(code: bytes, start: int) -> int:
    return start - (code.rfind(b"\n", 0, start) + 1)
