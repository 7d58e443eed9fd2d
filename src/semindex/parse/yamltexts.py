r"""Find the texts of YAML that reach over several lines, in which neither keys nor comments stand.

>>> text = b"run: |\n  # no comment\n\n  a: b\nnext: 1\n"
>>> [text[start:end] for start, end in block_texts(text).tolist()]
[b'\n  # no comment\n\n  a: b']
>>> text = b"a: {b: 1,\nc: '}'}\nd: 2\n"
>>> FlowValues(text).end(3)
17
"""

from __future__ import annotations

import re

import numpy as np

from semindex.parse.comments import Ranges
from semindex.parse.heads.margins import IndentedLines

_BLOCK = re.compile(
    rb"^(?P<dashes>[ ]*+(?:-[ ]++)*+)(?P<key>(?:[^\n\#]|(?<=\S)\#)*?:[ \t]++|(?<=-[ ]))"
    rb"(?:[&!]\S++[ ]++){0,3}+[|>][+\-0-9]{0,2}[ \t]*+(?:\#[^\n]*+)?+\r?$",
    re.MULTILINE,
)
"""The line before a text: ``key: |`` or ``- >-``."""
_NOTHING = re.compile(rb"(?!)")
_FLOW = re.compile(
    rb"(?P<open>[{\[])|(?P<close>[}\]])"
    rb"|(?<=[\s,:\[{])(?:\"(?:[^\"\\]++|\\[\s\S])*+\"|'(?:[^']++|'')*+'|\#[^\n]*+)"
)
_QUOTED = {
    b'"': re.compile(rb"\"(?:[^\"\\]++|\\[\s\S])*+\""),
    b"'": re.compile(rb"'(?:[^']++|'')*+'"),
}


def block_texts(text: bytes) -> Ranges:
    """The byte ranges of block texts, each from the end of the line of its key to that of its last line."""
    lines: IndentedLines | None = None
    found: list[tuple[int, int]] = []
    for head in _BLOCK.finditer(text):
        if found and head.start() < found[-1][1]:
            continue
        lines = lines or IndentedLines(text, _NOTHING)
        column = len(head["dashes"]) if head["key"] else head["dashes"].rindex(b"-")
        after = lines.behind(head.end(), column)
        found.append((head.end(), lines.breaks[after] if after < len(lines.breaks) else len(text)))
    return np.array(found, dtype=np.int64).reshape(-1, 2)


class FlowValues:
    """Finds where values end that begin with a quote or a bracket, whatever their indentation."""

    def __init__(self, text: bytes) -> None:
        self.text = text
        self._unclosed: set[bytes] = set()

    def end(self, start: int) -> int:
        """Where the value that begins at a byte ends; -1 if it does not.

        It is -1 as well if an earlier value of its kind has no end, so that a file is searched once.
        """
        mark = self.text[start : start + 1]
        if mark in self._unclosed:
            return -1
        end = self._quoted(mark, start) if mark in _QUOTED else self._bracketed(start)
        if end < 0:
            self._unclosed.add(mark)
        return end

    def _quoted(self, mark: bytes, start: int) -> int:
        found = _QUOTED[mark].match(self.text, start)
        return found.end() if found else -1

    def _bracketed(self, start: int) -> int:
        depth = 0
        for token in _FLOW.finditer(self.text, start):
            depth += (token["open"] is not None) - (token["close"] is not None)
            if depth == 0:
                return token.end()
        return -1
