r"""Which n-grams a text must have to match a pattern, by Russ Cox's analysis of regular expressions.

The source is https://swtch.com/~rsc/regexp/regexp4.html. Each part of a pattern is known either by all
texts that it can match (*exact*), or by what its matches begin and end with (at most two bytes) and by a
query of n-grams. Parts that follow one another are put together, so that n-grams across borders are found:

>>> def asked(pattern): return written(needed(Pattern(patterns=(pattern,))).query)
>>> asked(r"netif_\w+\(dev")
'(de dev eti if_ net tif'
>>> asked("(foo|bar)_in")
'_in (bar ar_ r_i | foo oo_ o_i)'
>>> needed(Pattern(patterns=("a.c",))).why_none
'The pattern has no three bytes in a row that every match must have.'

Sets are kept small: what is dropped makes the query weaker, never wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec import Struct

from semindex.exact.escapes import NotUnderstoodError
from semindex.exact.pattern import Pattern
from semindex.exact.queries import ANY, All, Either, both, bounded, either, has_all, having, written
from semindex.exact.syntax import (
    MAX_CHARACTERS,
    InOrder,
    Node,
    OneOf,
    Repeated,
    Strings,
    Tree,
    Unknown,
    read_literal,
    read_pattern,
)

__all__ = ["All", "Either", "Needed", "has_all", "needed", "written"]

MAX_PATTERNS = 1_000
MAX_ALL_CHARACTERS = 20_000
MAX_EXACT = 16
MAX_EXACT_BYTES = 128  # of several texts that come of joining two parts
MAX_COPIES = 4
MAX_JOINED = 500  # parts that follow one another; what is behind them is not looked at
NO_GRAMS = "The pattern has no three bytes in a row that every match must have."


class Needed(Struct, frozen=True):
    """What a text must have to match; if that is nothing, a sentence says why."""

    query: All
    why_none: str = ""


class _Facts(Struct, frozen=True):
    """What is known of the matches of a part; with ``exact``, the other fields tell nothing more.

    Every match begins with a member of ``begins``, ends with one of ``ends`` and has what ``query`` asks for.
    """

    exact: frozenset[bytes] | None
    begins: frozenset[bytes]
    ends: frozenset[bytes]
    query: All = ANY

    def asked(self) -> All:
        """The query, of all that is known."""
        return self.query if self.exact is None else having(self.exact)


_BLANK = frozenset({b""})
_UNKNOWN = _Facts(None, _BLANK, _BLANK)


def needed(pattern: Pattern) -> Needed:
    """The n-grams without which no line matches ``pattern``, or, with ``multiline``, no file.

    The query holds for every text in which ripgrep may find a match. It is empty where the pattern is not
    understood or not valid. The work is bounded, whatever the pattern.
    """
    try:
        roots = tuple(tree.root for tree in _read(pattern))
    except NotUnderstoodError as error:
        return Needed(ANY, str(error))
    query = bounded(_facts(OneOf(roots)).asked())
    return Needed(query, NO_GRAMS if query == ANY else "")


def _read(pattern: Pattern) -> list[Tree]:
    """The trees of all patterns, with ripgrep's smart case; where that is in doubt, case is ignored.

    Only ``k``, ``s`` and letters outside of ASCII make a difference; to ignore case weakens the query.
    """
    if not pattern.patterns:
        raise NotUnderstoodError("There is no pattern.")
    if len(pattern.patterns) > MAX_PATTERNS:
        raise NotUnderstoodError(f"There are more than {MAX_PATTERNS:,} patterns.")
    if sum(min(len(text), MAX_CHARACTERS) for text in pattern.patterns) > MAX_ALL_CHARACTERS:
        raise NotUnderstoodError(f"The patterns have more than {MAX_ALL_CHARACTERS:,} characters.")
    if pattern.smart_case and not pattern.ignore_case and not pattern.pcre2:
        trees = _trees(pattern, ignore_case=False)
        if any(tree.upper for tree in trees):
            return trees
    return _trees(pattern, ignore_case=pattern.ignore_case or pattern.smart_case)


def _trees(pattern: Pattern, *, ignore_case: bool) -> list[Tree]:
    if pattern.fixed_strings:
        return [read_literal(text, ignore_case=ignore_case) for text in pattern.patterns]
    return [read_pattern(text, ignore_case=ignore_case, pcre2=pattern.pcre2) for text in pattern.patterns]


def _facts(node: Node) -> _Facts:
    match node:
        case Strings():
            return _of_texts(frozenset(node.choices))
        case InOrder():
            known = [_facts(part) for part in node.parts[:MAX_JOINED]]
            return _joined(known if len(known) == len(node.parts) else [*known, _UNKNOWN])
        case OneOf():
            return _alternatives([_facts(branch) for branch in node.branches])
        case Repeated():
            return _repeated(node)
        case Unknown():
            return _UNKNOWN


def _of_texts(texts: frozenset[bytes]) -> _Facts:
    return _Facts(texts, _first(texts), _last(texts))


def _alternatives(branches: Sequence[_Facts]) -> _Facts:
    if len(branches) == 1:
        return branches[0]
    known = [branch.exact for branch in branches if branch.exact is not None]
    texts = frozenset[bytes]().union(*known)
    if len(known) == len(branches) and len(texts) <= MAX_EXACT:
        return _of_texts(texts)
    begins = frozenset[bytes]().union(*(branch.begins for branch in branches))
    ends = frozenset[bytes]().union(*(branch.ends for branch in branches))
    return _Facts(None, _first(begins), _last(ends), either([branch.asked() for branch in branches]))


def _repeated(node: Repeated) -> _Facts:
    if node.most == 0:
        return _of_texts(_BLANK)
    if node.least == 0:
        return _alternatives([_facts(node.item), _of_texts(_BLANK)]) if node.most == 1 else _UNKNOWN
    once = _facts(node.item)
    copies = [once] * min(node.least, MAX_COPIES)
    if node.most != len(copies):
        copies[-1] = _Facts(None, once.begins, once.ends, once.asked())  # once or several times
    return _joined(copies)


def _joined(parts: Sequence[_Facts]) -> _Facts:
    """What is known of parts that follow one another.

    ``tail`` has the texts of which one ends what was read so far, with n-grams that were not asked for yet;
    ``begins`` is None as long as it is all that was read so far.
    """
    asked: list[All] = []
    begins: frozenset[bytes] | None = None
    tail = _BLANK
    for part in parts:
        follow = part.begins if part.exact is None else part.exact
        crossed = _crossed(tail, follow)
        if part.exact is not None and crossed is not None:
            tail = crossed
            continue
        reached = tail if crossed is None else crossed
        asked.append(having(reached))
        begins = begins or _first(reached)
        if part.exact is None:
            asked.append(part.query)
            tail = part.ends
        else:
            tail = _bridged(_last(tail), part, asked)
    if begins is None:
        return _of_texts(tail)
    return _Facts(None, begins, _last(tail), both([*asked, having(tail)]))


def _bridged(tail: frozenset[bytes], part: _Facts, asked: list[All]) -> frozenset[bytes]:
    """The new tail, when the texts of ``part`` were too many to follow the old one."""
    assert part.exact is not None
    crossed = _crossed(tail, part.exact)
    if crossed is not None:
        return crossed
    border = _crossed(tail, part.begins)
    asked += [part.asked(), ANY if border is None else having(border)]
    return part.ends


def _crossed(left: frozenset[bytes], right: frozenset[bytes]) -> frozenset[bytes] | None:
    """Each text of ``left`` followed by each of ``right``; None if these are too many to be worth it."""
    if left == _BLANK or right == _BLANK:
        return right if left == _BLANK else left
    if len(left) * len(right) > MAX_EXACT:
        return None
    texts = frozenset(one + other for one in left for other in right)
    return texts if len(texts) == 1 or sum(map(len, texts)) <= MAX_EXACT_BYTES else None


def _first(texts: Collection[bytes]) -> frozenset[bytes]:
    """What each of ``texts`` begins with: at most two bytes, and fewer where that would be too many texts."""
    for size in (2, 1):
        found = frozenset(text[:size] for text in texts)
        if b"" in found:
            break
        if len(found) <= MAX_EXACT:
            return found
    return _BLANK


def _last(texts: Collection[bytes]) -> frozenset[bytes]:
    """What each of ``texts`` ends with: at most two bytes, and fewer where that would be too many texts."""
    for size in (2, 1):
        found = frozenset(text[-size:] for text in texts)
        if b"" in found:
            break
        if len(found) <= MAX_EXACT:
            return found
    return _BLANK
