r"""Find where a text without a grammar may be cut: at headings, configuration blocks and paragraphs.

>>> guide = TextLines(b"# Guide\n\nHello.\n\n## Install\n\npip\n\n## Use\n")
>>> sections = sections_of("markdown", guide)
>>> [(each.name, each.span.start_line, each.span.end_line, each.parent) for each in sections]
[('Guide', 1, 9, -1), ('Install', 5, 8, 0), ('Use', 9, 9, 0)]
>>> block_borders("toml", TextLines(b"title = 1\n[first]\nx = 1\n\n# About the second.\n[second]\n"))
[1, 4]
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from semindex.parse.lines import TextLines
from semindex.types import Kind, Span, Symbol

_MARKDOWN = frozenset({"markdown", "asciidoc", "org"})
_RST = frozenset({"rst"})
_FENCE = re.compile(rb"[ ]{0,3}(`{3,}|~{3,})")
_ATX = re.compile(rb"[ ]{0,3}(\#{1,6}|={1,6}|\*{1,6})[ \t]+([^\n]*?)[ \t\r=#]*\n?")
"""A heading that begins with its marks, such as ``## Install``."""
_MARKERS = {"asciidoc": b"=", "org": b"*"}
_UNDERLINE = re.compile(rb"([-=`:.'\"~^_*+#!$%&,/;<>?@\\|])\1{2,}+[ \t\r]*\n?")
_SETEXT = {ord("="): 1, ord("-"): 2}
"""The levels of Markdown headings that are underlined."""
_TITLE_MAX_BYTES = 200

_BLOCK_STARTS = {
    "toml": re.compile(rb"\["),
    "ini": re.compile(rb"\["),
    "yaml": re.compile(rb"(?:[A-Za-z0-9_\"'<.$/@*-][^\n]*:|---|- )"),
    "json": re.compile(rb"(?:  |    |\t)[\"{\[]"),
    "make": re.compile(rb"[A-Za-z0-9_.%$(/-][^\n=]*:(?!=)"),
    "dockerfile": re.compile(rb"(?i:FROM|RUN|COPY)\b"),
    "hcl": re.compile(rb"[a-z_]+[ ]"),
}
_PARAGRAPH_LINES = 20
"""A paragraph begins a new block only if the block before it has at least this many lines."""
_PARAGRAPH_MOST_LINES = 60


class Heading(NamedTuple):
    """A heading at a 0-based line; level 1 is the outermost."""

    line: int
    level: int
    title: str


def is_outlined(language: str) -> bool:
    """Whether documents of the language have headings."""
    return language in _MARKDOWN or language in _RST


def sections_of(language: str, lines: TextLines) -> tuple[Symbol, ...]:
    """One symbol for each heading, which reaches to the next heading of its level or above."""
    found = list(_rst_headings(lines) if language in _RST else _markdown_headings(language, lines))
    parents: list[int] = []
    ends = [lines.count] * len(found)
    open_sections: list[int] = []
    for position, heading in enumerate(found):
        while open_sections and found[open_sections[-1]].level >= heading.level:
            ends[open_sections.pop()] = heading.line
        parents.append(open_sections[-1] if open_sections else -1)
        open_sections.append(position)
    starts = lines.starts.tolist()
    return tuple(
        Symbol(
            heading.title,
            Kind.SECTION,
            Span(heading.line + 1, end, starts[heading.line], starts[end]),
            parent,
        )
        for heading, end, parent in zip(found, ends, parents, strict=True)
    )


def _markdown_headings(language: str, lines: TextLines) -> Iterator[Heading]:
    marker = _MARKERS.get(language, b"#")
    fence = b""
    before = b""
    for index in range(lines.count):
        line = lines.line(index)[: 4 * _TITLE_MAX_BYTES]
        if fence or _FENCE.match(line):
            fence = _fence_after(line, fence)
            before = b""
            continue
        atx = _ATX.fullmatch(line)
        if atx and atx[1][:1] == marker:
            yield from _heading(index, len(atx[1]), atx[2])
            before = b""
        elif marker == b"#" and before.strip() and line[:1] in b"=-" and _UNDERLINE.fullmatch(line):
            yield from _heading(index - 1, _SETEXT[line[0]], before)
            before = b""
        else:
            before = b"" if line[:1] in b" \t>|-*+" else line


def _fence_after(line: bytes, fence: bytes) -> bytes:
    """The marks of the code block that is open after a line, given those open before it; empty for none."""
    mark = _FENCE.match(line)
    if mark is None:
        return fence
    if not fence:
        return mark[1]
    closes = mark[1].startswith(fence) and not line[mark.end() :].strip()
    return b"" if closes else fence


def _rst_headings(lines: TextLines) -> Iterator[Heading]:
    """Headings of reStructuredText, where each new kind of underline is one level below those seen before."""
    levels: dict[tuple[int, bool], int] = {}
    for index in range(1, lines.count):
        line = lines.line(index)
        title = lines.line(index - 1)[: 4 * _TITLE_MAX_BYTES]
        if not title.strip() or len(line) > 4 * _TITLE_MAX_BYTES or not _UNDERLINE.fullmatch(line):
            continue
        if len(line.strip()) < len(title.rstrip().decode("utf-8", "replace")) or _UNDERLINE.fullmatch(title):
            continue
        over = lines.line(index - 2)[: 4 * _TITLE_MAX_BYTES] if index > 1 else b""
        overlined = over[:1] == line[:1] and _UNDERLINE.fullmatch(over) is not None
        if title[:1].isspace() and not overlined:
            continue
        level = levels.setdefault((line[0], overlined), len(levels) + 1)
        yield from _heading(index - 1 - overlined, level, title)


def _heading(line: int, level: int, title: bytes) -> Iterator[Heading]:
    text = " ".join(title[:_TITLE_MAX_BYTES].decode("utf-8", "replace").split())
    if text:
        yield Heading(line, level, text)


def block_borders(language: str, lines: TextLines) -> list[int]:
    """The 0-based lines where blocks of a configuration file, or paragraphs of other text, begin."""
    expression = _BLOCK_STARTS.get(language)
    if expression is None:
        return list(_paragraphs(lines))
    starts = lines.starts[:-1].tolist()
    found = [index for index, start in enumerate(starts) if expression.match(lines.text, start)]
    return [_above_comments(lines, index) for index in found]


def _above_comments(lines: TextLines, index: int) -> int:
    """The first of up to 40 comment lines directly above a line; the line itself if there is none."""
    least = max(0, index - 40)
    while index > least and lines.line(index - 1)[:1] in (b"#", b";", b"/"):
        index -= 1
    return index


def _paragraphs(lines: TextLines) -> Iterator[int]:
    """Borders 20 to 60 lines apart, at unindented lines after a blank one if possible.

    Otherwise a border is at the last indented line after a blank one, or after 60 lines.
    """
    begin, fallback = 0, -1
    was_blank = False
    for index in range(lines.count):
        line = lines.line(index)[:200]
        is_blank = not line.strip()
        size = index - begin
        if was_blank and not is_blank and size >= _PARAGRAPH_LINES:
            if line[:1] not in b" \t}])":
                yield index
                begin, fallback = index, -1
            else:
                fallback = index
        elif size >= _PARAGRAPH_MOST_LINES:
            cut = fallback if fallback > begin else index
            yield cut
            begin, fallback = cut, -1
        was_blank = is_blank
