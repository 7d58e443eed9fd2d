"""Blank what misleads the grammars of C and C++: macros, attributes, halves of conditions, bodies.

No byte changes its offset, and no line its number.
"""

from __future__ import annotations

import re
from bisect import bisect_left

from semindex.parse.blanking import blanked

_LONG_DEFINE = re.compile(
    rb"^([ \t]*+\#[ \t]*+define\b(?:[^\\\n]++|\\(?!\r?\n))*+)\\(\r?\n)((?:[^\n]*\\\r?\n)*+[^\n]*)",
    re.MULTILINE,
)
"""A macro of several lines: comments in its body mislead the grammars."""
_LONE_MACRO = re.compile(rb"\n[ \t]*+_*+[A-Z][A-Z0-9]*+_[A-Z0-9_]++[ \t]*+\r?(?=\n)")
"""A macro alone on its line, such as ``G_BEGIN_DECLS``: the grammar takes it for the type of what follows."""
_NESTED = rb"\((?:[^(){};]++|\((?:[^(){};]++|\((?:[^(){};]++|\([^(){};]*+\))*+\))*+\))*+\)"
"""Parentheses and what they hold, up to four deep, without statements."""
_MACRO_WORD = rb"(?=\w*?[A-Z]{2}|__)[A-Za-z_]\w*+"
"""A word that looks like a macro or an extension: ``FMT_API``, ``Foundation_API``, ``__stdcall``."""
_MARK = (
    rb"(?:(?:alignas|_Alignas|__attribute__|__declspec|"
    + _MACRO_WORD
    + rb")[ \t\r\n]*+"
    + _NESTED
    + rb"|\[\[[^\]]{0,300}+\]\]"
    rb"|" + _MACRO_WORD + rb"(?![ \t\r\n]*+[:{<;,>&*=()\[]|[ \t\r\n]++final\b))"
)
_MAY_BE_MARKED = rb"(?=[ \t\r\n]++(?:\[\[|\w++(?:[ \t\r\n]*+\(|[ \t\r\n]++[\w\[])))"
"""A quick look ahead that rules most types out: two words, or a parenthesis."""
_MARKED = _MAY_BE_MARKED + rb"(?P<marks>(?:[ \t\r\n]++" + _MARK + rb"){1,5}+)"
_TYPE_MARKS = tuple(
    re.compile(
        rb"%b(?<!\w%b)\b%b" % (keyword, keyword, rest)
        + _MARKED
        + rb"(?=[ \t\r\n]++(?!final\b)[A-Za-z_][\w:]*+(?:<[^;{}]{0,200}?>)?[ \t\r\n]*+(?:final[ \t\r\n]*+)?"
        rb"(?::(?!:)|\{|$))",
        re.MULTILINE,
    )
    for keyword, rest in (
        (b"class", b""),
        (b"struct", b""),
        (b"union", b""),
        (b"enum", rb"(?:[ \t]++(?:class|struct)\b)?+"),
    )
)
"""Marks between keyword and name: ``class FMT_API alignas(16) Name {``."""
_BEHIND_STAR = re.compile(
    rb"\*[ \t]*+(?=__|\w++[ \t]++\w++[ \t]*+\()(?P<marks>(?:__attribute__|__declspec)[ \t]*+"
    + _NESTED
    + rb"|"
    rb"" + _MACRO_WORD + rb"[ \t]++(?=\w++[ \t]*+\())"
)
"""A macro or an attribute between the star and the name: ``char *__init first(void)``."""
_TRAILING = re.compile(
    rb"\)(?P<marks>(?:(?:[ \t]++|[ \t]*+\r?\n[ \t]++)(?:const|volatile|noexcept(?:[ \t]*+"
    + _NESTED
    + rb")?+|override|final|mutable|&&?+"
    rb"|[A-Z][A-Z0-9]*+_[A-Z0-9_]*+(?:[ \t]*+"
    + _NESTED
    + rb")?+|[A-Z][A-Z0-9]{2,}+[ \t]*+"
    + _NESTED
    + rb")){1,8}+)"
    rb"(?=[ \t\r\n]*+(?:[{;:]|=[ \t]*+(?:0|default|delete)\b|->))"
)
"""What stands between the parameters and the body: ``) const REQUIRES(mu_) {``.

A word at the margin begins something else, such as the next ``TEST(A, B) {``."""
_TRAILING_MACRO = re.compile(rb"(?<![A-Za-z0-9_])[A-Z][A-Z0-9_]{2,}+(?:[ \t]*+" + _NESTED + rb")?+")
_POINTER_TYPE = re.compile(
    rb"typedef(?<!\wtypedef)\b[^;{}()]{0,200}+\([ \t]*+(?:\*[ \t]*+)?+(?P<marks>(?:\w++[ \t]*+){1,3}?)"
    rb"(?=(?:\*[ \t]*+|(?<=[ \t]))(?!\d)\w++[ \t]*+(?:\[[^\]\n]*+\][ \t]*+)?+\)[ \t\r\n]*+\()"
)
"""A calling convention in the type of a function pointer: ``typedef int (WINAPI *Callback)(int);``."""
_OLD_PARAMETERS = re.compile(
    rb"\((?P<names>[\w, \t]*+)\)[ \t]*+\r?\n"
    rb"(?P<types>(?:[ \t]*+(?!return\b|else\b)[A-Za-z_][^;{}=\n]*+;[^\n;{}]*+\n){1,30}+)(?=[ \t]*+\{)"
)
"""The parameters of a definition of before 1989: names, and behind the parenthesis their types."""
_DIRECTIVE = re.compile(rb"^[ \t]*+\#[^\n]*+", re.MULTILINE)
_CONDITION = re.compile(rb"\#[ \t]*+(?P<word>if|ifdef|ifndef|elif|elifdef|elifndef|else|endif)\b[^\n]*+")
_BODY = re.compile(rb"\)[^\n;{}()]{0,40}\n?\{[ \t]*\r?\n")
"""What stands before a function's body, which reaches up to the first brace at the margin."""
_AT_MARGIN = re.compile(rb"^(?:\}|\w[^\n:]*+\n)", re.MULTILINE)
"""A line at the margin that is no label."""
_INDENTED = (b" ", b"\t", b"#", b"\n", b"}", b"")


def without_macros(text: bytes) -> bytes:
    """The text with blanks for macros that no grammar understands; no byte changes its offset."""
    text = _LONG_DEFINE.sub(_without_rest, text)
    text = _LONE_MACRO.sub(lambda found: blanked(found[0]), text)
    for expression in _TYPE_MARKS:
        text = expression.sub(_without_marks, text)
    text = _BEHIND_STAR.sub(_without_marks, text)
    text = _TRAILING.sub(_without_trailing, text)
    text = _POINTER_TYPE.sub(_without_marks, text)
    return _without_halves(_OLD_PARAMETERS.sub(_without_old_types, text))


def without_bodies(text: bytes) -> bytes:
    """The text with blanks for the bodies of functions too, and for what :func:`without_macros` blanks.

    Parsing spends most of its time in bodies, and C has no definitions there. Without them 2,083 of 2,093 C
    files had the same definitions, the others as often better as worse ones; of C++ files too many changed.
    """
    text = without_macros(text)
    margins = [line.start() for line in _AT_MARGIN.finditer(text)]
    parts: list[bytes] = []
    done = 0
    for head in _BODY.finditer(text):
        position = bisect_left(margins, head.end()) if head.start() >= done else len(margins)
        end = margins[position] if position < len(margins) else head.end()
        if end > head.end() and text[end : end + 1] == b"}":
            if _is_body(text, head, end):
                parts += [text[done : head.end()], blanked(text[head.end() : end])]
            else:
                parts.append(text[done:end])
            done = end
    return b"".join([*parts, text[done:]])


def _without_marks(found: re.Match[bytes]) -> bytes:
    start, end = found.start("marks") - found.start(), found.end("marks") - found.start()
    return found[0][:start] + blanked(found["marks"]) + found[0][end:]


def _without_trailing(found: re.Match[bytes]) -> bytes:
    return _TRAILING_MACRO.sub(lambda macro: blanked(macro[0]), found[0])


def _without_old_types(found: re.Match[bytes]) -> bytes:
    """Empty parentheses instead of names and their types; unchanged if not one of the types is of a name."""
    words = frozenset(re.findall(rb"\w+", found["types"]))
    if not any(name.strip() in words for name in found["names"].split(b",")):
        return found[0]
    return b"(" + blanked(found[0][1:]).replace(b" ", b")", 1)


def _without_halves(text: bytes) -> bytes:
    """The text with only the first branch of each ``#if`` in which braces do not match.

    A grammar knows one text, but both branches of such a condition open the same block::

        #ifdef A
        int f(int x) {
        #else
        int f(void) {
        #endif
    """
    if text.count(b"{") == text.count(b"}"):
        return text  # nearly always, and then no branch opens what another opens again
    groups: list[_Group] = []
    halves: list[tuple[int, int]] = []
    done = 0
    for condition in _CONDITION.finditer(text):
        if text[text.rfind(b"\n", 0, condition.start()) + 1 : condition.start()].strip():
            continue  # within a line of code
        if groups:
            groups[-1].add(*_braces(text[done : condition.start()]))
        done = condition.end()
        if condition["word"].startswith(b"if"):
            groups.append(_Group(condition))
        elif groups:
            groups[-1].conditions.append(condition)
            if condition["word"] == b"endif":
                group = groups.pop()
                halves += group.halves()
                if groups:
                    groups[-1].add(*group.braces())
    return _without(text, halves)


def _braces(code: bytes) -> tuple[int, int]:
    """How many braces open and close in a text, without those in directives."""
    code = _DIRECTIVE.sub(b"", code)
    return code.count(b"{"), code.count(b"}")


class _Group:
    """An ``#if`` with its branches, and the braces in them without the halves inside of it that go."""

    def __init__(self, first: re.Match[bytes]) -> None:
        self.conditions = [first]
        self.first = [0, 0]
        """How many braces open and close in the first branch."""
        self.all = [0, 0]
        """The same in all branches."""

    def add(self, opening: int, closing: int) -> None:
        for counts in (self.first, self.all) if len(self.conditions) == 1 else (self.all,):
            counts[0] += opening
            counts[1] += closing

    def _is_halved(self) -> bool:
        return self.first[0] != self.first[1] and b"__cplusplus" not in self.conditions[0][0]

    def braces(self) -> tuple[int, int]:
        opening, closing = self.first if self._is_halved() else self.all
        return opening, closing

    def halves(self) -> list[tuple[int, int]]:
        """What to blank so that the first branch is left."""
        if not self._is_halved():
            return []
        first, second = self.conditions[:2]
        return [(first.start(), first.end()), (second.start(), self.conditions[-1].end())]


def _without(text: bytes, ranges: list[tuple[int, int]]) -> bytes:
    """The text with blanks for ranges, of which some may hold others."""
    parts: list[bytes] = []
    done = 0
    for start, end in sorted(ranges):
        if end > done:
            parts += [text[done:start], blanked(text[start:end])]
            done = end
    return b"".join([*parts, text[done:]])


def _is_body(text: bytes, head: re.Match[bytes], end: int) -> bool:
    """Whether a function's body ends at ``end``; none is what holds half of an ``#if``, or a macro."""
    line = text.rfind(b"\n", 0, head.start()) + 1
    if b"\n{" not in head[0] and text[line : line + 1] in _INDENTED:
        return False
    body = text[head.end() : end]
    return b"#" not in body or (body.count(b"#if") == body.count(b"#endif") and b"define" not in body)


def _without_rest(found: re.Match[bytes]) -> bytes:
    """The first line of a long macro, a digit for its backslash, and blanks for the rest."""
    head = found[1]
    comment = head.rfind(b"/*")
    if comment >= 0 and b"*/" not in head[comment:]:
        head = head[:comment].ljust(len(head))
    return head + b"0" + found[2] + blanked(found[3])
