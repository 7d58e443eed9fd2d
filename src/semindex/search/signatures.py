r"""The head of a definition: its lines up to where its body begins, found by brackets and line ends.

>>> signature("@cache\ndef load(\n    path: str,\n) -> dict[str, int]:\n    return {}\n", "python")
'@cache\ndef load(\n    path: str,\n) -> dict[str, int]:'
>>> signature("static int\nadd(int a)\n{\n  return a;\n}", "c")
'static int\nadd(int a)'

No tree is made: a definition is shown in a few microseconds, and any text has a head.
"""

from __future__ import annotations

import re

MAX_LINES = 10
MAX_CHARS = 1000
_ENDED = frozenset(
    """c cpp objective-c objective-cpp cuda java csharp php rust d dart solidity glsl hlsl css scss less
    thrift protobuf verilog systemverilog""".split()
)
"""Languages whose definitions have a body in braces or end with a semicolon, on whatever line."""
_BRACED = frozenset(
    """javascript typescript tsx jsx vue svelte astro go kotlin scala swift groovy zig v hcl graphql
    powershell bash zsh shell perl r awk""".split()
)
"""Languages in which the body may be in braces, and a line may end the head as well."""
_COMMENTS = {
    **dict.fromkeys((*_ENDED, *_BRACED), "//"),
    **dict.fromkeys(
        (
            "python",
            "ruby",
            "bash",
            "zsh",
            "shell",
            "perl",
            "r",
            "awk",
            "elixir",
            "julia",
            "nim",
            "hcl",
            "powershell",
            "graphql",
            "cmake",
            "make",
            "crystal",
            "gdscript",
            "starlark",
        ),
        "#",
    ),
    **dict.fromkeys(("lua", "haskell", "elm", "sql", "ada", "vhdl", "purescript"), "--"),
}
_GOES_ON = re.compile(
    r"\s*(?:[{)\].,]|->|=>|:(?!:)|=|where\b|throws\b|extends\b|implements\b|with\b|permits\b|requires\b)"
)
"""The beginning of a line that belongs to the one before it."""
_UNFINISHED = re.compile(r"(?:[,=(\[:&|+]|->|=>|\b(?:extends|implements|with|where))\s*$")
"""The end of a line that the next one belongs to."""
_LEADING = re.compile(r"\s*(?:@[\w.]|#!?\[|\[[A-Z@]|template\s*<)")
"""The beginning of a line with a decorator, an attribute or the parameters of a template."""
_HEADING = re.compile(r"\s*(?:async\s+)?(?:def|class|cdef|cpdef|ctypedef|struct|func|enum)\b")
"""Python's statements whose body follows a colon, and those of its kin."""
_QUOTED = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\\n]|\\.)*`")
_OPENING, _CLOSING = "([", ")]"


def signature(text: str, language: str, most_lines: int = MAX_LINES) -> str:
    """The head of a definition that ``text`` begins with, without its margin and the blanks behind it.

    It has at most ``most_lines`` lines. Where a body cannot be told, it is the first line, with those that
    a bracket or a decorator joins to it.
    """
    lines = text.split("\n", most_lines)[:most_lines]
    kept: list[str] = []
    depth = 0
    for position, line in enumerate(lines):
        depth, end = _read(line, depth, language, is_first=not any(_is_own(each) for each in kept))
        kept.append(line if end is None else line[:end])
        following = lines[position + 1] if position + 1 < len(lines) else ""
        if end is not None or (depth <= 0 and _ends(line, following, language)):
            break
    return _trimmed(kept)[: most_lines * MAX_CHARS // MAX_LINES]


def _read(line: str, depth: int, language: str, *, is_first: bool) -> tuple[int, int | None]:
    """How many brackets are open behind a line, and where in it the head ends."""
    shown = _QUOTED.sub(lambda found: "_" * len(found[0]), line)
    comment = _COMMENTS.get(language, "")
    is_braced, has_colon = language in _ENDED or language in _BRACED, language in ("python", "starlark")
    heads = has_colon and (not is_first or _HEADING.match(line) is not None)
    for at, letter in enumerate(shown):
        if comment and shown.startswith(comment, at) and (at == 0 or shown[at - 1] in " \t"):
            break
        if letter in _OPENING or (letter == "{" and (depth > 0 or not is_braced)):
            depth += 1
        elif letter in _CLOSING or (letter == "}" and (depth > 0 or not is_braced)):
            depth -= 1
        elif depth > 0 or _is_leading(line):
            continue
        elif letter == "{":
            if shown[at + 1 : at + 2] != "}" or not shown[at + 2 :].strip():
                return depth, at
        elif (letter == ";" and is_braced) or (letter == ":" and heads):
            return depth, at + 1
    return depth, None


def _ends(line: str, following: str, language: str) -> bool:
    """Whether a line without open brackets ends the head."""
    if language in _ENDED or not line.strip() or _is_leading(line):
        return False
    if language in _BRACED:
        return not (_UNFINISHED.search(line) or _GOES_ON.match(following))
    return not line.rstrip().endswith("\\")


def _is_leading(line: str) -> bool:
    return _LEADING.match(line) is not None


def _is_own(line: str) -> bool:
    """Whether a line is of the definition itself, not a decorator."""
    return bool(line.strip()) and not _is_leading(line)


def _trimmed(lines: list[str]) -> str:
    margin = len(lines[0]) - len(lines[0].lstrip())
    shown = [line[margin:] if not line[:margin].strip() else line.lstrip() for line in lines]
    return "\n".join(line.rstrip() for line in shown).strip()
