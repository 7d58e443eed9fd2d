"""Answers for a terminal: highlighted and dense; a line of code is cut where the terminal ends.

A path is never broken: what does not fit beside it stands on the next line, and a path longer than a line is
left to the terminal, which knows that it is one word when it is copied or clicked.

Imports rich and Pygments, which cost more than a query: only for a terminal, or when colour is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import IO, TYPE_CHECKING

from pygments.lexers import get_all_lexers, get_lexer_by_name  # type: ignore[import-untyped]
from rich.console import Console
from rich.style import Style
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from semindex.present.hyperlinks import target
from semindex.present.render import (
    GONE,
    LINE_CHARS,
    View,
    address,
    count,
    coverage_line,
    is_faint,
    lines_of,
    one_line,
    part,
    rest,
    shows_members,
    summed,
    understood,
    window,
)
from semindex.present.safe import safe_line, safe_text
from semindex.present.stream import ReaderGone

if TYPE_CHECKING:
    from pygments.lexer import Lexer  # type: ignore[import-untyped]

    from semindex import types
    from semindex.types import Coverage, Definition, Definitions, Hit, Hits, Texts

MATCH = "bold red"
TAB_COLUMNS = 4
ENDLESS = 1_000_000
"""The width of what is no terminal: nothing is cut or broken there."""
HIGHLIGHT_CHARS = 50_000
"""Longer text is shown without syntax colours, as lexers are slow on generated text."""

_LEXERS = {"tsx": "typescript", "jsx": "javascript", "dockerfile": "docker"}
"""Pygments' names for our languages, where they differ."""


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Raise, where rich would end the process, so that the command line can end it with its exit code."""
        raise ReaderGone


def console(stream: IO[str], *, colour: bool | None, width: int | None = None) -> Console:
    """A console that prints what it is given, as it stands.

    ``colour`` True always emits it, False never, None as NO_COLOR, TERM and the stream tell.
    """
    return _Console(
        file=stream,
        color_system="auto" if colour is None else "standard" if colour else None,
        force_terminal=colour or None,
        no_color=False if colour else None,
        width=width,
        markup=False,
        emoji=False,
        highlight=False,
    )


def show(answer: Hits, view: View, to: Console) -> None:
    """Print an answer, then what it could see of the tree."""
    if view.explain:
        to.print(Text(understood(answer.query), style="dim"), soft_wrap=True)
    for hit in answer:
        for line in _header(hit, view, to.width):
            to.print(line, soft_wrap=True)
        if not is_faint(hit, answer, view):
            _show_body(hit, view, to)
    if answer.hits and is_faint(answer[-1], answer, view):
        to.print()
    if not answer.hits:
        to.print(Text("nothing found", style="bold"))
    _covered(answer.coverage, answer.seconds, to)


def show_definitions(answer: Definitions, view: View, to: Console) -> None:
    """Print the definitions of a name, then what the answer could see of the tree."""
    for found in answer.definitions:
        name = Text.assemble((f"  {safe_line(found.symbol)}", "bold"), f"  ({found.kind}, {found.lang})")
        to.print(_lines_of(found, view) + name + _called(found), soft_wrap=True)
        if found.text is None and found.signature:
            to.print(Text(f"  {one_line(found)}"), no_wrap=True, overflow="ellipsis", crop=True)
        if view.lines and found.stale:
            to.print(Text(f"  {GONE}", style="yellow"))
        elif view.lines and found.text is not None:
            _numbered(found.text, found.lang, found.start_line, to)
            if found.truncated:
                to.print(Text(f"  {rest(found)}", style="dim"))
        if shows_members(found, view):
            for member in found.members:
                told = one_line(member) or f"{safe_line(member.kind)} {safe_line(member.name)}"
                line = Text.assemble((f"  {member.start_line}-{member.end_line} ", "dim"), told)
                to.print(line, no_wrap=True, overflow="ellipsis", crop=True)
        to.print()
    if not answer.definitions:
        to.print(Text("nothing found", style="bold"))
    _covered(answer.coverage, answer.seconds, to)


def show_texts(answer: Texts, view: View, to: Console) -> None:
    """Print lines of files, then what the answer could see of the tree."""
    for span in answer.spans:
        if span.text is None:
            continue
        name = Text(f"  {safe_line(span.symbol)}" if span.symbol else "", style="bold")
        to.print(_lines_of(span, view) + name + _called(span), soft_wrap=True)
        _numbered(span.text, span.lang, span.start_line, to)
        to.print()
    _covered(answer.coverage, answer.seconds, to)


def _covered(coverage: Coverage, seconds: float, to: Console) -> None:
    """Print what an answer could see of the tree."""
    to.print(Text(coverage_line(coverage, seconds), style="dim"))
    for note in coverage.notes:
        to.print(Text(f"note: {safe_line(note)}", style="yellow"), soft_wrap=True)


def _lines_of(shown: Definition | types.Text, view: View) -> Text:
    """Where something is, as a link where links are shown."""
    link = target(shown) if view.links and shown.rev is None else None
    return Text.assemble((lines_of(shown, view.base), Style.parse("bold cyan") + Style(link=link)))


def _numbered(text: str, language: str, first: int, to: Console) -> None:
    """Print lines with their numbers; a line is cut where the terminal ends."""
    lines = highlighted(text, language, ()).split("\n", allow_blank=True)
    digits = len(str(first + len(lines)))
    for number, line in enumerate(lines, start=first):
        line.expand_tabs(TAB_COLUMNS)
        shown = Text.assemble((f"  {number:{digits}} ", "dim"), ("│ ", "dim"), line)
        to.print(shown, no_wrap=True, overflow="ellipsis", crop=True)


def _show_body(hit: Hit, view: View, to: Console) -> None:
    """Print what stands below the header of a hit, and an empty line behind it."""
    if view.lines:
        for line in _snippet(hit, view.lines):
            to.print(line, no_wrap=True, overflow="ellipsis", crop=True)
    if hit.more:
        places = [
            f"{each.start_line}-{each.end_line} {safe_line(each.symbol or each.kind)}{part(each)}"
            for each in hit.more
        ]
        to.print(Text(f"  also: lines {', '.join(places)}", style="dim"))
    if view.explain and hit.reasons:
        to.print(_reasons(hit))
    if view.lines or hit.more or view.explain:
        to.print()


def recalled(answer: Hits, view: View, to: Console) -> None:
    """Print where the best hit is once more, at the end of an answer that begins above the screen."""
    for best in answer[:1]:
        name = f"  {safe_line(best.symbol)}" if best.symbol else ""
        to.print(Text.assemble(("best: ", "dim"), _place(best, view), (name, "bold")), soft_wrap=True)


def highlighted(text: str, language: str, spans: Sequence[tuple[int, int]]) -> Text:
    """Safe ``text`` in the colours of its language, with ``spans`` (character ranges) emphasised."""
    shown = Text(safe_text(text))
    lexer = _lexer(language) if len(text) <= HIGHLIGHT_CHARS else None
    if lexer is not None:
        theme = Syntax.get_theme("ansi_dark")
        at = 0
        for token, part in lexer.get_tokens(shown.plain):
            shown.stylize(theme.get_style_for_token(token), at, at + len(part))
            at += len(part)
    for start, end in spans:
        shown.stylize(MATCH, start, end)
    return shown


def _header(hit: Hit, view: View, width: int) -> Iterator[Text]:
    where = _place(hit, view)
    what = Text.assemble(
        (f"  {safe_line(hit.symbol)}" if hit.symbol else "", "bold"),
        part(hit),
        f"  ({safe_line(hit.kind)}, {safe_line(hit.lang)})  ",
        (f"{hit.score:.0f}", "green"),
        _called(hit),
    )
    if where.cell_len + what.cell_len <= width:
        yield where + what
    else:
        yield from (where, what)


def _called(shown: Hit | Definition | types.Text) -> Text:
    """The name of the repository, where repositories were asked for by name."""
    return Text(f"  {safe_line(shown.repo)}" if shown.repo else "", style="magenta")


def _place(hit: Hit, view: View) -> Text:
    """Where the hit is, as a link where links are shown."""
    link = target(hit) if view.links and hit.rev is None else None
    return Text.assemble((address(hit, view.base), Style.parse("bold cyan") + Style(link=link)))


def _snippet(hit: Hit, most: int) -> Iterator[Text]:
    if hit.text is None:
        yield Text(f"  {GONE}", style="yellow")
        return
    shown = window(hit, most)
    lines = highlighted(hit.text, hit.lang, hit.spans).split("\n", allow_blank=True)
    digits = len(str(hit.end_line))
    if shown.before:
        yield Text(f"  {'':{digits}} … {count(shown.before, 'line')} before", style="dim")
    for position, number in enumerate(shown.numbers, start=shown.before):
        if hit.cell is not None and not lines[position].plain.strip():
            continue
        line = lines[position][:LINE_CHARS]
        line.expand_tabs(TAB_COLUMNS)
        end = "…" if len(lines[position]) > LINE_CHARS else ""
        yield Text.assemble((f"  {number:{digits}} ", "dim"), ("│ ", "dim"), line, end)
    if shown.after:
        yield Text(f"  {'':{digits}} … {count(shown.after, 'line')} after", style="dim")


def _reasons(hit: Hit) -> Table:
    table = Table(box=None, padding=(0, 1), show_header=False, pad_edge=True)
    table.add_column(justify="left", style="magenta")
    table.add_column(justify="right")
    table.add_column(style="dim", overflow="fold")
    for reason in hit.reasons:
        detail = Text(safe_line(reason.detail))
        table.add_row(Text(f" {safe_line(reason.signal)}"), Text(f"{reason.contribution:+.3f}"), detail)
    points, meaning = summed(hit, 3).split(" ", 1)
    table.add_row(Text(" sum"), Text(points), Text(meaning))
    return table


@cache
def _lexer(language: str) -> Lexer | None:
    name = _LEXERS.get(language, language)
    # Asking for a lexer that does not come with Pygments would load whatever is installed.
    is_bundled = any(name in aliases for _, aliases, _, _ in get_all_lexers(plugins=False))
    return get_lexer_by_name(name, stripnl=False, ensurenl=False) if is_bundled else None
