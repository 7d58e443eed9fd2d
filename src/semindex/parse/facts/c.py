r"""The facts of C files, read from the text alone.

The grammar sees no function bodies, because they are blanked to save its time. Calls need no tree: a call is
a name before a parenthesis, outside of comments and strings, that is no keyword and declares nothing. Whether
the name of a definition, of a declaration or of a call stands there is told by what is around it:

- ``int open(int a) {`` has a type before the name and a body behind the parentheses: a definition;
- ``int open(int a);`` outside of a body: a declaration;
- ``TEST(open) {`` has no type before the name: a call of a macro, and a function made by it;
- all else is a call; its target is unknown behind ``.`` and ``->``, and for parameters and ``(*name)(...)``.

A body ends where its brace is closed at the indentation of its head. Names are free expressions: what they
mean depends on what the file includes.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from tree_sitter import Tree

from semindex.parse.facts.c_conditions import Conditions, Taken
from semindex.parse.facts.model import UNKNOWN, Builder, Flag, Form, Role

_HIDDEN = re.compile(
    rb'"(?:[^"\\\n]++|\\[\s\S])*+"?'
    rb"|'(?:[^'\\\n]{1,4}+|\\[^\n]{1,11}?)'"
    rb"|//[^\n]*+|/\*(?:[^*]++|\*(?!/))*+(?:\*/)?"
    rb"|\#[ \t]*+(?:include|error|warning|pragma|line)\b[^\n]*+"
)
"""Strings, characters, comments, and the directives that hold no code."""
_INCLUDE = re.compile(
    rb"^[ \t]*+\#[ \t]*+include(?:_next)?[ \t]*+(?:\"([^\"\n]+)|(<[^>\n]+>)|(\w+))", re.MULTILINE
)
_DEFINE = re.compile(
    rb"^[ \t]*+\#[ \t]*+define[ \t]++([^\W\d]\w*+)(?:\(([^)]*+)\))?+((?:[^\\\n]++|\\\r?\n|\\)*+)",
    re.MULTILINE,
)
_CALLED = re.compile(rb"(?<![\w#])([A-Za-z_]\w*+)[ \t\r\n]*+\(")
_ENCLOSED = re.compile(rb"\(([A-Za-z_]\w*+)\)[ \t\r\n]*+\(")
"""A name in parentheses, which no macro can replace then; in a body it may be a cast."""
_ALIASED = re.compile(rb"[ \t]*+[A-Za-z_]\w*+[ \t]*+(?:\(|\Z)")
"""The text of a macro without parameters that stands for a function or another macro."""
_THROUGH = re.compile(rb"\([ \t]*+\*[ \t]*+([A-Za-z_]\w*+)[ \t]*+\)[ \t]*+\(")
"""A call through a pointer, or the declaration of one: ``(*hook)(``."""
_GIVEN = re.compile(rb"\.\w++[ \t]*+=[ \t]*+&?([A-Za-z_]\w*+)[ \t]*+[,\n}]")
"""A name that a field is set to: ``.open = file_open,``."""
_PARENTHESES = rb"\((?:[^()]++|\((?:[^()]++|\((?:[^()]++|\((?:[^()]++|\([^()]*+\))*+\))*+\))*+\))*+\)"
"""Parentheses and what they hold, up to five deep."""
_HEAD = re.compile(
    rb"(?P<parameters>%b)\s*+(?:(?:(?:__\w++|[A-Z][A-Z0-9_]{2,}+)\s*+(?:%b)?+|[a-z]\w*+(?=[\s{;]))\s*+)*+(?P<end>[{;])"
    % (_PARENTHESES, _PARENTHESES)
)
"""What is behind the name of a definition or declaration: parameters, attributes, and how it goes on."""
_OLD_HEAD = re.compile(
    rb"(?P<parameters>\((?:[ \t\r\n]*+\w++[ \t\r\n]*+,?+)++\))\s*+"
    rb"(?:[A-Za-z_][\w\s*,\[\]]*+;\s*+)++(?P<end>\{)"
)
"""The same of before 1989, with the types of the parameters behind them."""
_PARAMETER = re.compile(rb"(\w++)[ \t\r\n]*+(?:\[[^\]]*+\][ \t]*+)*+[,)]")
_WORD_BEFORE = re.compile(rb"(?<!\w)([A-Za-z_]\w*+)[ \t]++\(?[ \t*]*+\Z")
_TYPED = re.compile(rb"(?:\w[\s*]*|\)[ \t*]*)\Z")
_WORD = re.compile(rb"[A-Za-z_]\w*+")
_AT_MARGIN = re.compile(rb"\n[A-Za-z_][^\n:]*+\n")
_NEXT_HEAD = re.compile(
    rb"\n(?!(?:if|for|while|switch|else|do|return)\b)[A-Za-z_][\w \t*]*+"
    rb"(?:\n[A-Za-z_]\w*+\s*+)?+%b[^;{}()]{0,80}+\{" % _PARENTHESES
)
_DIRECTIVE_REST = re.compile(rb"(?:[^\\\n]++|\\\r?\n|\\)*+\n")
_BLANK_LINE = re.compile(rb"\n[ \t]*+\r?\n")
_BRACE = re.compile(rb"[{}]")
_BLANKS, _DOT, _GREATER, _MINUS = b" \t", ord("."), ord(">"), ord("-")
_BEFORE_BYTES = 240
"""How far before a name its type may begin."""
_WORD_BYTES = 80
_KEYWORDS = frozenset(
    b"if while for switch return sizeof defined do else case goto asm __asm__ __asm volatile "
    b"__volatile__ typeof __typeof__ __typeof _Alignof alignof _Alignas alignas __alignof__ "
    b"__attribute__ __attribute __declspec _Static_assert _Generic int char void unsigned signed long "
    b"short float double const struct union enum static extern register inline restrict typedef bool "
    b"_Bool __extension__ and or not elif".split()
)
_QUALIFIERS = frozenset(b"static extern inline const volatile register __inline __inline__ _Noreturn".split())
_NO_TYPES = frozenset(b"return else do case goto sizeof and or not defined in".split())
"""Words that may stand before the name that is called."""
_TAKEN_FLAGS = {Taken.CERTAIN: Flag(0), Taken.MAYBE: Flag.MAYBE, Taken.LEFT_OUT: Flag.LEFT_OUT}
_TEST_PATH = re.compile(
    r"(?:^|/)(?:tests?|testing|unittests?)/|(?:^|/)(?:test[_-][^/]*|[^/]*[_-]tests?)\.[ch]\Z"
)


def extract(tree: Tree | None, text: bytes, path: str, made: Builder) -> None:
    """Collect the facts of a C file; the tree is not needed."""
    file = _File(text, path, made)
    file.take_includes()
    file.take_macros()
    file.take_calls()
    file.take_pointers()
    file.take_given()
    made.uses_at(text, file.spots)


def _blank(found: re.Match[bytes]) -> bytes:
    return b" " * (found.end() - found.start())


class _Head(NamedTuple):
    """What a name outside of function bodies begins."""

    is_definition: bool = False
    is_declaration: bool = False
    is_made: bool = False
    """A function that a macro makes; the name is the macro's."""
    is_static: bool = False
    parameters: tuple[int, int] = (0, 0)
    end: int = 0
    """Where the brace of its body, or the semicolon, stands."""


class _File:
    """A file whose text is read from its beginning to its end."""

    def __init__(self, text: bytes, path: str, made: Builder) -> None:
        self.text, self.made = text, made
        self.code = _HIDDEN.sub(_blank, text)
        """The text with blanks for comments and strings; no byte is elsewhere."""
        self.spots: list[int] = []
        """The uses: offset, name, expression, role."""
        self._flags = Flag.TEST if _TEST_PATH.search(path) else Flag(0)
        self._names: dict[bytes, tuple[int, int]] = {}
        """The number and the expression of each name that was met."""
        self._macros: list[tuple[int, int, frozenset[bytes]]] = []
        """Where each macro's name ends and its text ends, and its parameters."""
        self._pointers = [(found.start(1), found[1]) for found in _THROUGH.finditer(self.code)]
        self._bodies: list[tuple[int, int]] = []
        self._conditions = Conditions(self.code)
        self._line, self._line_at = 1, 0

    def take_includes(self) -> None:
        """Note what the file includes; names in ``<>`` keep these."""
        self._line, self._line_at = 1, 0
        for found in _INCLUDE.finditer(self.text):
            written = found[1] or found[2] or self._text_of_macro(found[3])
            module = written.decode("utf-8", "replace").strip()
            self.made.import_("", module, line=self._line_of(found.start()))

    def _text_of_macro(self, name: bytes) -> bytes:
        """The string that a macro of this file stands for, or its name."""
        found = re.search(rb"\#[ \t]*define[ \t]+%b[ \t]+\"([^\"\n]+)" % name, self.text)
        return found[1] if found else name

    def take_macros(self) -> None:
        """Define the macros with parameters, and those that stand for one name, which may be a function's."""
        self._line, self._line_at = 1, 0
        for found in _DEFINE.finditer(self.code):
            parameters = found[2]
            self._macros.append((found.end(1), found.end(), frozenset(_WORD.findall(parameters or b""))))
            if parameters is not None:
                self._define(found[1], found.start(1), found.end(), Flag.MACRO)
            elif _ALIASED.match(found[3]):
                self._define(found[1], found.start(1), found.end(), Flag.MACRO, form=Form.VARIABLE)

    def take_calls(self) -> None:
        """Note the calls, and define the functions between them."""
        self._line, self._line_at = 1, 0
        hidden: frozenset[bytes] = frozenset()
        body_end = head_end = 0
        size = len(self.code)
        macros = iter([*self._macros, (size, size, hidden)])
        macro_begin, macro_end, parameters = next(macros)
        for found in self._candidates():
            name, start = found[1], found.start(1)
            while start >= macro_end:
                macro_begin, macro_end, parameters = next(macros)
            is_parameters = found.re is _ENCLOSED and found.start() == macro_begin
            if name in _KEYWORDS or start + len(name) == macro_begin or is_parameters:
                continue
            if start > macro_begin:
                self._note(start, name, name in parameters)
            elif start < body_end and found.re is _CALLED:
                self._note_inside(start, name, hidden)
            else:
                head = None
                if start >= max(body_end, head_end):
                    head = self._head(found)
                elif start < head_end and name.isupper():
                    self._note(start, name, False)  # an attribute, behind the parameters
                if head is None or (
                    found.re is _ENCLOSED and not (head.is_definition or head.is_declaration)
                ):
                    continue
                head_end = head.end
                if head.is_definition or head.is_made:
                    body_end = self._body_end(start, head.end)
                    hidden = self._begin_function(found, head, body_end)
                elif head.is_declaration:
                    flags = Flag.DECLARATION | (Flag.PRIVATE if head.is_static else Flag(0))
                    self._define(name, start, head.end, flags)
                if not head.is_definition and not head.is_declaration:
                    self._note(start, name, False)

    def _candidates(self) -> Iterable[re.Match[bytes]]:
        """The names before parentheses, and those in parentheses of their own."""
        enclosed = list(_ENCLOSED.finditer(self.code))
        found = _CALLED.finditer(self.code)
        return sorted([*found, *enclosed], key=lambda each: each.start(1)) if enclosed else found

    def take_pointers(self) -> None:
        """Note the calls through pointers: ``(*hook)(x)`` in a body."""
        begins = [begin for begin, _ in self._bodies]
        for start, name in self._pointers:
            position = bisect_right(begins, start) - 1
            if position >= 0 and start < self._bodies[position][1] and not self._is_typed(start):
                self._note(start, name, True)

    def take_given(self) -> None:
        """Note the names that fields are set to, which may be functions."""
        for found in _GIVEN.finditer(self.code):
            if not found[1].isupper() and found[1] not in _KEYWORDS:
                number, expression = self._named(found[1])
                self.spots += (found.start(1), number, expression, Role.READ)

    def _note(self, start: int, name: bytes, is_unknown: bool) -> None:
        number, expression = self._named(name)
        self.spots += (start, number, UNKNOWN if is_unknown else expression, Role.CALL)

    def _note_inside(self, start: int, name: bytes, hidden: frozenset[bytes]) -> None:
        """Note a call in a body, unless a function is declared there."""
        before = self.code[start - 1]
        if before in _BLANKS and self._is_typed(start):
            return
        is_member = before == _DOT or (before == _GREATER and self.code[start - 2] == _MINUS)
        self._note(start, name, is_member or name in hidden)

    def _is_typed(self, start: int) -> bool:
        """Whether a type seems to stand right before a name or before ``(*name)``, on its line."""
        word = _WORD_BEFORE.search(self.code, max(0, start - _WORD_BYTES), start)
        return word is not None and word[1] not in _NO_TYPES

    def _named(self, name: bytes) -> tuple[int, int]:
        known = self._names.get(name)
        if known is None:
            text = name.decode("utf-8", "replace")
            known = self._names[name] = self.made.name(text), self.made.free(text)
        return known

    def _head(self, found: re.Match[bytes]) -> _Head | None:
        """What a name with a parenthesis outside of bodies begins; None for the name of a type."""
        start, opens = found.start(1), found.end() - 1
        before = self._before(found.start())
        if b"typedef" in before:
            return None
        head = _HEAD.match(self.code, opens)
        if head is None or head["end"] == b";":
            head = _OLD_HEAD.match(self.code, opens) or head
        if head is None or b"=" in before:
            return _Head()
        is_typed = _TYPED.search(before) is not None and not _QUALIFIERS.issuperset(_WORD.findall(before))
        has_body = head["end"] == b"{"
        at_margin = self.code[start - 1 : start] in (b"\n", b"")
        is_function = is_typed or (has_body and at_margin and not found[1].isupper())
        return _Head(
            has_body and is_function,
            not has_body and is_function,
            has_body and not is_function,
            b"static" in before,
            head.span("parameters"),
            head.start("end"),
        )

    def _before(self, start: int) -> bytes:
        """What stands before a name since the last statement, block or directive."""
        piece = self.code[max(0, start - _BEFORE_BYTES) : start]
        begin = max(piece.rfind(each) for each in (b";", b"}", b"{")) + 1
        if not begin and start > _BEFORE_BYTES:
            begin = max((blank.end() for blank in _BLANK_LINE.finditer(piece)), default=0)
        piece = piece[begin:]
        directive = piece.rfind(b"#")
        if directive >= 0:
            rest = _DIRECTIVE_REST.match(piece, directive)
            piece = piece[rest.end() :] if rest else b""
        return piece

    def _body_end(self, start: int, brace: int) -> int:
        """Where the body ends that a brace begins."""
        code = self.code
        line_end = code.find(b"\n", brace)
        line_end = len(code) if line_end < 0 else line_end
        if code.count(b"{", brace, line_end) == code.count(b"}", brace, line_end):
            return line_end
        line_begin = code.rfind(b"\n", 0, start) + 1
        indent = code[line_begin:start]
        margin = indent[: len(indent) - len(indent.lstrip())]
        end = code.find(b"\n" + margin + b"}", line_end)
        end = len(code) if end < 0 else end + len(margin) + 2
        # A line at the margin before that, other than a label, begins something else: count braces.
        if not _AT_MARGIN.search(code, line_end, end - 1):
            return end
        following = _NEXT_HEAD.search(code, line_end, end)
        return self._closing(brace, following.start() if following else end)

    def _closing(self, brace: int, end: int) -> int:
        """Where a brace is closed; ``end`` if it is not, as where conditions open two."""
        depth = 0
        for found in _BRACE.finditer(self.code, brace, end):
            depth += 1 if found[0] == b"{" else -1
            if not depth:
                return found.end()
        return end

    def _begin_function(self, found: re.Match[bytes], head: _Head, end: int) -> frozenset[bytes]:
        """Define a function; give the names that its parameters and pointers have inside."""
        start, owner, name = found.start(1), "", found[1]
        flags = Flag.PRIVATE if head.is_static else Flag(0)
        parameters = self.code[head.parameters[0] : head.parameters[1]]
        if head.is_made:
            # The function has a name that only the macro knows; the macro's arguments tell it best.
            owner = name.decode("utf-8", "replace")
            name = b".".join(_WORD.findall(parameters)[: 1 if b"DEFINE" in name else 2]) or name
        self._define(name, start, end, flags, owner=owner)
        self._bodies.append((start, end))
        first = bisect_left(self._pointers, (start, b""))
        last = bisect_left(self._pointers, (end, b""))
        hidden = {name for _, name in self._pointers[first:last]}
        hidden.update(each[1] for each in _PARAMETER.finditer(parameters))
        return frozenset(hidden)

    def _define(
        self, name: bytes, start: int, end: int, flags: Flag, *, owner: str = "", form: Form = Form.FUNCTION
    ) -> None:
        line = self._line_of(start)
        end_line = line + self.code.count(b"\n", start, end)
        text = name.decode("utf-8", "replace")
        flags |= self._flags | _TAKEN_FLAGS[self._conditions.at(start)]
        self.made.define(text, form, line=line, end_line=end_line, flags=flags, owner=owner)

    def _line_of(self, offset: int) -> int:
        """The line of an offset; offsets come in ascending order."""
        self._line += self.text.count(b"\n", self._line_at, offset)
        self._line_at = offset
        return self._line
