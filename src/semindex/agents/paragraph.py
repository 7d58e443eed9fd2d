"""The marked paragraph in AGENTS.md or CLAUDE.md that tells agents when to use semindex and when grep."""

from __future__ import annotations

from semindex.agents.entries import Unsuitable, line_end

BEGIN = "<!-- semindex: begin (semindex uninstall --instructions removes this) -->"
END = "<!-- semindex: end -->"
LINES = (
    "## Finding code",
    "",
    "This repository can be searched by meaning with semindex.",
    "",
    "- Ask the MCP server `semindex` about behaviour, such as where sessions are signed (`search`), about",
    "  pasted error messages and stack traces (`search`), and for definitions by their names (`symbol`).",
    "- Ask it for every occurrence of an identifier or a text, such as all callers before a rename (`grep`):",
    "  `search` shows the best places, and not all of them.",
    '- Where there is no such server, as for some sub-agents, run `semindex search "QUESTION" --json`.',
)


def paragraph(end: str) -> str:
    """The paragraph with its marks, without a line end after it."""
    return end.join((BEGIN, *LINES, END))


def found(text: str) -> str | None:
    """The marked paragraph as it stands in a text; None if there is none.

    Raises:
        Unsuitable: The marks are not one pair.
    """
    counts = text.count(BEGIN), text.count(END)
    if counts == (0, 0):
        return None
    begin, end = text.find(BEGIN), text.find(END)
    if counts != (1, 1) or end < begin:
        raise Unsuitable(
            "has the marks of semindex more than once, or only one of them; take them out by hand"
        )
    return text[begin : end + len(END)]


def with_paragraph(text: str) -> str:
    """The text with the paragraph at its end, or, where it has one of other words, in place of that."""
    end = line_end(text)
    there = found(text)
    if there is not None:
        return text.replace(there, paragraph(end))
    before = text.removeprefix("\ufeff")
    if not before:
        return text + paragraph(end) + end
    if before.endswith("\n"):
        return text + end + paragraph(end) + end
    return text + end + end + paragraph(end)


def without_paragraph(text: str) -> str:
    """The text without the paragraph, which must be there: what :func:`with_paragraph` began with."""
    there = found(text)
    assert there is not None
    head, _, tail = text.partition(there)
    if tail:
        tail = tail.removeprefix("\r").removeprefix("\n")
        return _less_a_line_end(head) + tail if head.removeprefix("\ufeff") else head + tail
    return _less_a_line_end(_less_a_line_end(head))


def _less_a_line_end(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text
