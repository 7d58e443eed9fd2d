r"""What the tables of heads are made of.

A *head* is the line, or the lines, on which a definition begins: ``sub run {`` in Perl. A language's table
has an expression for each kind of head, and tells how the end of such a definition is found.

>>> PERL = HeadTable((Head(Kind.FUNCTION, r"sub[ \t]++(?P<name>\w++)", Ends.BRACES),))

Expressions are tried behind the indentation of each line, in the order of the table, and the first that
matches decides. They see the file without its comments and without the lines inside of strings, so a
commented definition is none. Text within a line's strings is left, because names stand there, too:
``resource "aws_vpc" "main" {``.

An expression must take linear time on any text. Loops are possessive (``++``, ``*+``, ``?+``), a loop never
contains another that can match the same characters, and one that may cross lines is bounded (``{0,200}+``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import NamedTuple, Protocol

from msgspec import Struct

from semindex.types import Kind

NAME_MAX_CHARS = 200


class Ends(Enum):
    """How the end of a definition is found."""

    LINE = 1
    """It ends with the line on which its head ends."""
    INDENT = 2
    """It ends before the next line that is not indented deeper; a closing line there still belongs to it."""
    BRACES = 3
    """It ends with the brace that closes its first one; with a semicolon if that comes before any brace."""
    PARENTHESES = 4
    """It begins with a parenthesis and ends with the one that closes it: Lisps."""
    STOP = 5
    """It ends with the next match of the table's ``stop``."""
    NEXT = 6
    """It ends before the next head of its rule or of an earlier rule with this end; or with the file."""
    WORDS = 7
    """It ends with the match of the table's ``closes`` that closes it: ``end function``. Heads with this end
    and matches of ``opens`` are nested, and each waits for a ``closes``. If that has a group ``what`` which
    matches, it closes the nearest that has the same word as its own group ``what`` or as its name, and what
    was opened inside of that has no body; else it closes the nearest of all. A head with an empty name is
    no definition, but is closed as well."""


class Groups(Protocol):
    """The groups of a match by the names that the rule's expression gives them; empty without a match."""

    def __getitem__(self, group: str) -> str:
        """The text of a group."""


Titles = Callable[[Groups], "str | list[str]"]
"""Makes the name, or several names, of a match whose groups do not simply have it."""


class Head(NamedTuple):
    """A rule: an expression for the heads of one kind of definition."""

    kind: Kind
    expression: str
    """Matches behind the indentation. The group ``name`` is the name, and if it is empty nothing is defined, but
    what is inside of it is local, as in ``let () =``; ``owner``, if there is one, is the type
    that a definition outside of it names: ``Foo`` in ``Foo::bar``. Groups may have other names as well."""
    ends: Ends = Ends.INDENT
    titles: Titles | None = None
    """Gives the name instead of the group ``name``, which must exist and tells where the name stands."""
    merges: bool = False
    """Whether it and the one before are one definition if their names are equal: clauses, signatures."""
    local: bool = False
    """Whether it counts inside a function or a value, too, if it has at least three lines."""
    beside: bool = False
    """Whether it is of the rank of the rule above it in the table, so that with ``Ends.NEXT`` each ends the other."""
    margin: bool = False
    """Whether it must stand at the margin, without indentation."""


class Found(NamedTuple):
    """A definition that a head begins; offsets are bytes."""

    name: str
    kind: Kind
    start: int
    """Where the head begins, behind the indentation."""
    end: int
    at: int
    """Where the name stands."""
    column: int
    """The number of blanks before the head."""
    owner: str = ""
    merges: bool = False
    local: bool = False


class HeadTable(Struct, frozen=True):
    """How to find the definitions of one language by their heads."""

    rules: tuple[Head, ...]
    reserved: frozenset[str] = frozenset()
    """Words that are never names, because they are keywords: ``if`` in ``if (x) {``."""
    opening: str = r"[{(]|then\b|do\b|begin\b|is\b|as\b|where\b"
    """A line at the indentation of a head that continues it, if it begins so: its brace on the next line."""
    closing: str = r"[}\])]|end"
    """A line at the indentation of a head that closes its body, if it begins so."""
    passing: str = r"(?!)"
    """A line that never ends a body, whatever its indentation, if it begins so: ``#if`` at the margin."""
    stop: str = r"(?!)"
    """The end of a definition with ``Ends.STOP``, looked for without comments and strings."""
    closes: str = r"(?!)"
    """The end of a definition with ``Ends.WORDS``, looked for without comments and strings."""
    opens: str = r"(?!)"
    """What waits for a ``closes`` besides heads."""
    separator: str = "."
    """What stands between an owner and a name."""
    ignores_case: bool = False
    masked: Callable[[bytes], bytes] | None = None
    """Blanks text that would mislead the expressions; the length and the lines stay."""
    scan: Callable[[bytes, bytes], Iterable[Found]] | None = None
    """Finds heads that no expression can, such as those of C. Gets the text that expressions see, and the
    same without strings. Must take linear time."""
