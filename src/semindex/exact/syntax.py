r"""Reads a pattern into a tree that says little more than which literal text a match has, and in which order.

The reading is conservative: a tree stands for every text that ripgrep may take as a match, and for more. So
``ab?[cd]`` becomes ``InOrder(Strings((b"a",)), Repeated(Strings((b"b",)), 0, 1), Strings((b"c", b"d")))``,
while ``\w`` and ``[^x]`` are just :data:`SOME` text, and anchors are no text. All text is UTF-8 with small
letters for capital ones of ASCII, as n-grams have it. Whatever is not understood is named and given up.

The syntax is that of Rust's ``regex-syntax``, as ripgrep 15 has it (``regex-syntax/src/ast/parse.rs``). Of
PCRE2's syntax, what both have in common is read, and look-around.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct

from semindex.exact.brackets import MAX_MEMBERS, read_class
from semindex.exact.escapes import Cursor, Meaning, NotUnderstoodError, read_escape
from semindex.exact.folding import variants

MAX_CHARACTERS = 10_000
MAX_LITERAL = 2_000
MAX_DEPTH = 50
MAX_TIMES = 1_000
_PLAIN = re.compile(r"[^\\.+*?()|\[{^$]+")
_PLAIN_VERBOSE = re.compile(r"[^\\.+*?()|\[{^$# \t\n\r\f\v\x80-\U0010ffff]+")
_COUNT = re.compile(r"\{([0-9]{1,9})(?:(,)([0-9]{1,9})?)?\}")
_NAME = re.compile(r"\?P?<[^\W\d]\w*>")
_FLAGS = re.compile(r"\?([imsUuRx]*)(?:-([imsUuRx]+))?([:)])")
_PCRE2_FLAGS = re.compile(r"\?([imsU]*|[imsU]*x[imsU]*)(?:-([imsUx]+))?([:)])")
_PCRE2_GROUP = re.compile(r"\?(?:>|\|)")
_LOOK_AROUND = re.compile(r"\?<?[=!]")
_UNSAFE_TO_FOLD = re.compile(r"[kKsS\x80-\U0010ffff]")


class Strings(Struct, frozen=True):
    """One of some texts, and nothing else."""

    choices: tuple[bytes, ...]


class Unknown(Struct, frozen=True):
    """Any text, perhaps none."""


class InOrder(Struct, frozen=True):
    """Parts that follow one another."""

    parts: tuple[Node, ...]


class OneOf(Struct, frozen=True):
    """One of several branches."""

    branches: tuple[Node, ...]


class Repeated(Struct, frozen=True):
    """``item`` from ``least`` to ``most`` times; with None, ``least`` times or more."""

    item: Node
    least: int
    most: int | None


Node: TypeAlias = Strings | Unknown | InOrder | OneOf | Repeated
EMPTY = Strings((b"",))
SOME = Unknown()


class Tree(Struct, frozen=True):
    """A pattern as it was read, and whether a capital letter of ASCII stands in it literally."""

    root: Node
    upper: bool


def read_pattern(text: str, *, ignore_case: bool = False, pcre2: bool = False) -> Tree:
    """The tree of a regular expression.

    Raises:
        NotUnderstoodError: The pattern is not valid, too long or too deep, or has something not read here.
    """
    if len(text) > MAX_CHARACTERS:
        raise NotUnderstoodError(f"The pattern has more than {MAX_CHARACTERS:,} characters.")
    return _Reader(Cursor(text, pcre2=pcre2), ignore_case).tree()


def read_literal(text: str, *, ignore_case: bool = False) -> Tree:
    """The tree of a text that is looked for as it stands; of a very long one, its beginning and what follows.

    Raises:
        NotUnderstoodError: The text cannot be written as UTF-8.
    """
    root = in_order([*literal(text[:MAX_LITERAL], fold=ignore_case)])
    if len(text) > MAX_LITERAL:
        root = in_order([root, SOME])
    return Tree(root, any("A" <= character <= "Z" for character in text))


def literal(text: str, *, fold: bool) -> list[Node]:
    """The nodes of a literal text, several where characters have other forms when case is ignored."""
    try:
        if not fold:
            return [Strings((text.encode().lower(),))]
        nodes: list[Node] = []
        begin = 0
        for found in _UNSAFE_TO_FOLD.finditer(text):
            nodes.append(Strings((text[begin : found.start()].encode().lower(),)))
            nodes.append(_folded(found.group()))
            begin = found.end()
        return [*nodes, Strings((text[begin:].encode().lower(),))]
    except UnicodeEncodeError:
        raise NotUnderstoodError("The pattern has a byte in it that is not UTF-8.") from None


def in_order(parts: list[Node]) -> Node:
    """Parts one after another, with neighbours joined that are each a single text."""
    joined: list[Node] = []
    run: list[bytes] = []
    for part in parts:
        if isinstance(part, Strings) and len(part.choices) == 1:
            run.append(part.choices[0])
            continue
        _end_run(run, joined)
        joined.append(part)
    _end_run(run, joined)
    if not joined:
        return EMPTY
    return joined[0] if len(joined) == 1 else InOrder(tuple(joined))


def _end_run(run: list[bytes], joined: list[Node]) -> None:
    text = b"".join(run)
    if text:
        joined.append(Strings((text,)))
    run.clear()


def _folded(character: str) -> Node:
    forms = variants(character)
    return SOME if forms is None else Strings(tuple(form.encode() for form in forms))


class _Group:
    """A group that is being read, with what was in force before it."""

    def __init__(self, cursor: Cursor, *, fold: bool, looks: bool = False) -> None:
        self.items: list[Node] = []
        self.branches: list[Node] = []
        self.looks = looks  # a look-around: no text of the match
        self.before = (fold, cursor.unicode, cursor.verbose)

    def node(self) -> Node:
        """What was read so far."""
        last = in_order(self.items)
        return OneOf((*self.branches, last)) if self.branches else last


class _Reader:
    """Reads one pattern from its beginning to its end, without recursion."""

    def __init__(self, cursor: Cursor, fold: bool) -> None:
        self.cursor = cursor
        self.fold = fold
        self.groups = [_Group(cursor, fold=fold)]
        self.on: dict[str, Callable[[], None]] = {
            "\\": self.escape,
            "[": self.bracket,
            "(": self.open,
            ")": self.close,
            "|": self.branch,
            "*": lambda: self.repeat(0, None),
            "+": lambda: self.repeat(1, None),
            "?": lambda: self.repeat(0, 1),
            "{": self.count,
            ".": lambda: self.add(SOME),
            "^": lambda: self.add(EMPTY),
            "$": lambda: self.add(EMPTY),
        }

    def tree(self) -> Tree:
        cursor = self.cursor
        while True:
            cursor.skip_space()
            plain = cursor.take(_PLAIN_VERBOSE if cursor.verbose else _PLAIN)
            if plain:
                self.plain(plain)
                continue
            character = cursor.next()
            if not character:
                break
            self.on.get(character, lambda other=character: self.plain(other))()
        if len(self.groups) > 1:
            raise NotUnderstoodError("A group of the pattern has no closing parenthesis.")
        return Tree(self.groups[0].node(), cursor.upper)

    def add(self, node: Node) -> None:
        self.groups[-1].items.append(node)

    def plain(self, text: str) -> None:
        """Literal text, whose last character is an item of its own, since a repetition may follow."""
        self.cursor.upper = self.cursor.upper or any("A" <= character <= "Z" for character in text)
        self.groups[-1].items += literal(text[:-1], fold=self.fold)
        self.add(in_order(literal(text[-1], fold=self.fold)))

    def escape(self) -> None:
        meaning = read_escape(self.cursor)
        if isinstance(meaning, str):
            self.add(in_order(literal(meaning, fold=self.fold)))
        elif isinstance(meaning, bytes):
            self.add(Strings((meaning,)))
        else:
            self.add(EMPTY if meaning is Meaning.NOTHING else SOME)

    def bracket(self) -> None:
        members = read_class(self.cursor)
        self.add(SOME if members is None else self.one_of(members))

    def one_of(self, members: tuple[str | bytes, ...]) -> Node:
        """One of the members of a class, and of what they are taken for when case is ignored."""
        choices: dict[bytes, None] = {}
        for member in members:
            node = (
                Strings((member,)) if isinstance(member, bytes) else in_order(literal(member, fold=self.fold))
            )
            if not isinstance(node, Strings):
                return SOME
            choices.update(dict.fromkeys(node.choices))
        return Strings(tuple(choices)) if 0 < len(choices) <= MAX_MEMBERS else SOME

    def open(self) -> None:
        """Read the opening of a group, or flags for the rest of the group that is being read."""
        cursor = self.cursor
        cursor.skip_space()
        if cursor.peek() != "?":
            if cursor.peek() == "*":
                raise NotUnderstoodError("The pattern has a group that begins with a repetition.")
            self.begin()
        elif cursor.take(_NAME) or (cursor.pcre2 and cursor.take(_PCRE2_GROUP)):
            self.begin()
        elif cursor.take(_LOOK_AROUND):
            if not cursor.pcre2:
                raise NotUnderstoodError("The pattern looks around, which ripgrep does with --pcre2 only.")
            self.begin(looks=True)
        else:
            self.flags()

    def begin(self, *, looks: bool = False) -> None:
        if len(self.groups) > MAX_DEPTH:
            raise NotUnderstoodError(f"The pattern has groups in more than {MAX_DEPTH} groups.")
        self.groups.append(_Group(self.cursor, fold=self.fold, looks=looks))

    def flags(self) -> None:
        cursor = self.cursor
        found = (_PCRE2_FLAGS if cursor.pcre2 else _FLAGS).match(cursor.text, cursor.at)
        if found is None:
            raise NotUnderstoodError("The pattern has a group of a kind that is not read here.")
        cursor.at = found.end()
        on, off, end = found.groups(default="")
        if end == ":":
            self.begin()
        self.fold = ("i" in on or self.fold) and "i" not in off
        cursor.unicode = ("u" in on or cursor.unicode) and "u" not in off
        cursor.verbose = ("x" in on or cursor.verbose) and "x" not in off

    def close(self) -> None:
        if len(self.groups) == 1:
            raise NotUnderstoodError("The pattern closes a group that it did not open.")
        group = self.groups.pop()
        self.fold, self.cursor.unicode, self.cursor.verbose = group.before
        self.add(EMPTY if group.looks else group.node())

    def branch(self) -> None:
        group = self.groups[-1]
        group.branches.append(in_order(group.items))
        group.items = []

    def count(self) -> None:
        found = _COUNT.match(self.cursor.text, self.cursor.at - 1)
        if found is None:
            raise NotUnderstoodError("The pattern has a brace that begins no number of repetitions.")
        self.cursor.at = found.end()
        least, comma, most = found.groups()
        upper = int(most) if most is not None else None if comma else int(least)
        if upper is not None and upper < int(least):
            raise NotUnderstoodError("The pattern has a repetition from more to fewer times.")
        self.repeat(int(least), upper)

    def repeat(self, least: int, most: int | None) -> None:
        """Repeat the last item; a question mark right behind only says which match is taken first."""
        items = self.groups[-1].items
        if not items:
            raise NotUnderstoodError("The pattern has a repetition of nothing.")
        if self.cursor.peek() == "?":
            self.cursor.at += 1
        item = items.pop()
        if isinstance(item, Repeated):
            most = None if most is None or item.most is None else most * item.most
            least *= item.least
            item = item.item
        if most is not None and most > MAX_TIMES:
            most = None
        items.append(Repeated(item, min(least, MAX_TIMES), most))
