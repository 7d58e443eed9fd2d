"""Blank what misleads the grammars of C and C++: macros, attributes, halves of conditions, bodies.

No byte changes its offset, and no line its number.
"""

from __future__ import annotations

import re

from semindex.parse.blanking import blanked

_LONG_DEFINE = re.compile(
    rb"(\#[ \t]*define\b(?:[^\\\n]++|\\(?!\r?\n))*+)\\(\r?\n)((?:[^\n]*\\\r?\n)*+[^\n]*)"
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
    + rb"|\[\[[^\]]*+\]\]"
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
_BODY = re.compile(rb"\)[^\n;{}()]{0,40}\n?\{[ \t]*\r?\n(?P<body>(?:(?!\}|\w[^\n:]*+\n)[^\n]*+\n)++)(?=\})")
"""A function's body, up to the first brace at the margin; none if other code stands at the margin before."""
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
    return _BODY.sub(_without_body, without_macros(text))


def _without_marks(found: re.Match[bytes]) -> bytes:
    start, end = found.start("marks") - found.start(), found.end("marks") - found.start()
    return found[0][:start] + blanked(found["marks"]) + found[0][end:]


def _without_trailing(found: re.Match[bytes]) -> bytes:
    return _TRAILING_MACRO.sub(lambda macro: blanked(macro[0]), found[0])


def _without_old_types(found: re.Match[bytes]) -> bytes:
    """Empty parentheses instead of names and their types; unchanged if not one of the types is of a name."""
    names = [name.strip() for name in found["names"].split(b",")]
    if not any(name and re.search(rb"(?<!\w)" + name + rb"(?!\w)", found["types"]) for name in names):
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
    conditions = list(_CONDITION.finditer(text))
    out = bytearray(text)
    open_groups: list[list[re.Match[bytes]]] = []
    for condition in conditions:
        if text[text.rfind(b"\n", 0, condition.start()) + 1 : condition.start()].strip():
            continue  # within a line of code
        if condition["word"].startswith(b"if"):
            open_groups.append([condition])
        elif open_groups:
            open_groups[-1].append(condition)
            if condition["word"] == b"endif":
                _blank_halves(out, open_groups.pop())
    return bytes(out)


def _blank_halves(out: bytearray, group: list[re.Match[bytes]]) -> None:
    first, second = group[0], group[1]
    branch = _DIRECTIVE.sub(b"", out[first.end() : second.start()])
    if branch.count(b"{") == branch.count(b"}") or b"__cplusplus" in first[0]:
        return
    for start, end in ((first.start(), first.end()), (second.start(), group[-1].end())):
        out[start:end] = blanked(bytes(out[start:end]))


def _without_body(found: re.Match[bytes]) -> bytes:
    """A function with blanks for its body, or unchanged if the body holds half of an ``#if`` or a macro."""
    body = found["body"]
    line = found.string.rfind(b"\n", 0, found.start()) + 1
    at_margin = b"\n{" in found[0][: found.start("body") - found.start()]
    if (not at_margin and found.string[line : line + 1] in _INDENTED) or (
        b"#" in body and (body.count(b"#if") != body.count(b"#endif") or b"define" in body)
    ):
        return found[0]
    start = found.start("body") - found.start()
    return found[0][:start] + blanked(body)


def _without_rest(found: re.Match[bytes]) -> bytes:
    """The first line of a long macro, a digit for its backslash, and blanks for the rest."""
    head = found[1]
    comment = head.rfind(b"/*")
    if comment >= 0 and b"*/" not in head[comment:]:
        head = head[:comment].ljust(len(head))
    return head + b"0" + found[2] + blanked(found[3])
