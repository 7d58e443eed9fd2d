r"""A signature on one line, for lists of many.

>>> condensed("@cache\ndef load(\n    path: str,\n    size: int = 3,\n) -> dict[str, int]:")
'def load(path: str, size: int = 3) -> dict[str, int]'
>>> condensed("def load(path: str, *, size: int = 3, mode: str = 'r') -> int:", 40)
'def load(path: str, *, ...) -> int'
"""

from __future__ import annotations

import re

MOST_CHARS = 110
"""A longer signature loses the parameters that have a default."""
_DECORATOR = re.compile(r"\s*(?:@|#\[)")
_COMMENT = re.compile(r"(?:^|\s)(?:#|//)\s.*$")
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'")
_ENDS = ("{", ":", ";", "=>", "=")


def condensed(signature: str, most: int = MOST_CHARS) -> str:
    """A signature on one line, without decorators and what only begins a body.

    Of one that is longer than ``most``, parameters are left out from the first one with a default on; what is
    too long still ends in ``…``.
    """
    text = " ".join(_undecorated(signature.split("\n")).split())
    text = re.sub(r"(?<=[(\[]) | (?=[)\]])", "", text)
    text = re.sub(r",(?=[)\]])", "", text)
    while text.endswith(_ENDS):
        text = text.removesuffix(next(end for end in _ENDS if text.endswith(end))).rstrip()
    if len(text) > most:
        text = _without_defaults(text)
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _undecorated(lines: list[str]) -> str:
    """The lines behind those of decorators, which may go over several."""
    first = 0
    while first < len(lines) - 1 and _DECORATOR.match(lines[first]):
        depth = 0
        for at in range(first, len(lines)):
            plain = _QUOTED.sub("", lines[at])
            depth += sum(map(plain.count, "([{")) - sum(map(plain.count, ")]}"))
            if depth <= 0:
                first = at + 1
                break
        else:
            break
    return " ".join(map(_uncommented, lines[first:] or lines))


def _uncommented(line: str) -> str:
    plain = _QUOTED.sub(lambda found: "_" * len(found[0]), line)
    comment = _COMMENT.search(plain)
    return line[: comment.start()] if comment else line


def _without_defaults(text: str) -> str:
    """The text with ``...`` for the parameters from the first one with a default on."""
    plain = _QUOTED.sub(lambda found: "_" * len(found[0]), text)
    first = plain.find("(")
    depth, begin, cut_from = 0, first + 1, -1
    for at in range(first, len(plain)) if first >= 0 else ():
        letter = plain[at]
        if letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
            if depth == 0:
                return text if cut_from < 0 else f"{text[:cut_from]}...{text[at:]}"
        elif depth == 1 and letter == ",":
            begin = at + 2
        elif depth == 1 and cut_from < 0 and (letter == "=" or plain.startswith("?:", at)):
            cut_from = begin
    return text
