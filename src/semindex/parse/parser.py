"""Parse a source file: find its symbols and comments, and cut it into chunks."""

import re
from functools import partial
from typing import NamedTuple

import numpy as np

from semindex.parse.blocks import block_borders, is_outlined, sections_of
from semindex.parse.chunks import cut_by_borders, cut_by_symbols
from semindex.parse.comments import Ranges, comment_ranges, join_ranges, prose_ranges, ranges_outside
from semindex.parse.components import COMPONENTS, PAGES, parse_component
from semindex.parse.drafts import finished
from semindex.parse.facts.manifests import facts_of_manifest
from semindex.parse.facts.registry import Found as Facts
from semindex.parse.facts.registry import facts_of
from semindex.parse.grammars import GrammarStopped, parse_tree
from semindex.parse.heads.finder import drafts_of, visible
from semindex.parse.heads.registry import head_table_of
from semindex.parse.lines import TextLines
from semindex.parse.notebooks import cell_borders, parse_notebook
from semindex.parse.settings import CONFIGURED, settings_of
from semindex.parse.symbols import docstring_of, docstring_ranges, symbols_of
from semindex.parse.tables.registry import table_of
from semindex.parse.wheels import GRAMMARS
from semindex.parse.yamltexts import block_texts
from semindex.source.languages import kind_of
from semindex.source.notebooks import is_notebook
from semindex.types import Chunk, Kind, ParsedFile, SourceFile, Symbol

PARSED_BYTES = 2_000_000
"""Larger files are cut by lines: they are data or generated."""
PARSED_LINE_BYTES = 100_000
"""A file with a longer line is cut by lines: it is data or minified."""
DEFINES_BYTES = 100_000
DEFINES_SHARE = 0.8
"""Larger C files with a greater share of ``#define`` lines are maps of registers; they are cut by lines."""

_LEAPING = ("c", "cpp")
"""Languages in which line ends mean nothing, and of which much is blanked before they are parsed."""
_DEFINE = rb"(?m)^[ \t]*#[ \t]*define\b"
_PLAIN = {"code": Kind.BLOCK, "prose": Kind.TEXT, "config": Kind.CONFIG, "data": Kind.CONFIG}


class _Defined(NamedTuple):
    """What was found in code."""

    symbols: tuple[Symbol, ...] | None
    """None if the file has to be cut by lines."""
    comments: Ranges
    """With the docstrings added."""
    stopped: str = ""
    """See :attr:`ParsedFile.stopped`."""
    facts: Facts = Facts()


def parse_file(source: SourceFile, *, refused: str = "") -> ParsedFile:
    """The symbols, comments and chunks of a file. Never raises, whatever the text holds.

    A file without a grammar, or with excessive size or line length, is cut by lines and has no symbols. A
    file whose grammar is stopped has those that are found by their lines. An empty text has no chunks.

    Args:
        source: The file.
        refused: Why no grammar may be used on this file; empty if it may.
    """
    parse = partial(parse_file, refused=refused)
    if is_notebook(source.path) and source.language != "json":
        return parse_notebook(source, parse)
    if source.language in COMPONENTS or source.language in PAGES:
        component = parse_component(source, parse) if source.text else None
        if component is not None:
            return component
    lines = TextLines(source.text)
    plain = _PLAIN[kind_of(source.language)]
    if is_outlined(source.language):
        sections = sections_of(source.language, lines)
        chunks = cut_by_symbols(lines, sections, plain) if sections else _by_lines(source, lines, plain)
        return ParsedFile(source, chunks, sections, prose_ranges(source.text))
    if source.language in CONFIGURED:
        return _with_settings(source, lines, plain)
    if plain is Kind.TEXT:
        return ParsedFile(source, _by_lines(source, lines, plain), (), prose_ranges(source.text))
    found = _defined(source, lines, comment_ranges(source.language, source.text), refused)
    if found.symbols is None:
        by_lines = _by_lines(source, lines, plain)
        return ParsedFile(source, by_lines, (), found.comments, found.stopped, *found.facts)
    borders = cell_borders(source)
    chunks = cut_by_symbols(lines, found.symbols, plain, borders)
    return ParsedFile(source, chunks, found.symbols, found.comments, found.stopped, *found.facts)


def _with_settings(source: SourceFile, lines: TextLines, plain: Kind) -> ParsedFile:
    """A configuration file, cut at its blocks, with its settings."""
    comments = comment_ranges(source.language, source.text)
    if source.language == "yaml":
        comments = ranges_outside(comments, block_texts(source.text))
    is_readable = lines.longest <= PARSED_LINE_BYTES
    drafts = settings_of(source.path, source.language, source.text) if is_readable else []
    symbols = finished(drafts, lines, comments)
    chunks = cut_by_borders(lines, block_borders(source.language, lines), plain, symbols)
    facts = facts_of_manifest(source.path, source.text) if source.language == "json" else Facts()
    return ParsedFile(source, chunks, symbols, comments, "", *facts)


def _defined(source: SourceFile, lines: TextLines, comments: Ranges, refused: str) -> _Defined:
    if len(source.text) > PARSED_BYTES or lines.longest > PARSED_LINE_BYTES:
        return _Defined(None, comments)
    if source.language not in GRAMMARS:
        facts = facts_of(source.language, None, source.text, source.path)
        return _Defined(_by_heads(source, lines, comments), comments, facts=facts)
    if _is_register_map(source, lines):
        return _Defined(None, comments)
    try:
        if refused:
            raise GrammarStopped(refused)
        return _with_grammar(source, lines, comments)
    except GrammarStopped as stop:
        return _Defined(_by_heads(source, lines, comments), comments, str(stop))


def _by_heads(source: SourceFile, lines: TextLines, comments: Ranges) -> tuple[Symbol, ...] | None:
    """The symbols that are found by the lines on which they begin; None if there are none."""
    table = head_table_of(source.language)
    if table is None:
        return None
    drafts = drafts_of(table, visible(source.language, source.text, table))
    return finished(drafts, lines, comments) or None


def _by_lines(source: SourceFile, lines: TextLines, plain: Kind) -> tuple[Chunk, ...]:
    return cut_by_borders(lines, block_borders(source.language, lines), plain)


def _with_grammar(source: SourceFile, lines: TextLines, comments: Ranges) -> _Defined:
    table = table_of(source.language)
    text = table.masked(source.text) if table.masked else source.text
    tree = parse_tree(source.language, text, leaps=source.language in _LEAPING)
    if tree is None:
        return _Defined(None, comments)
    symbols = symbols_of(tree, source.language, table, lines, comments)
    facts = facts_of(source.language, tree, source.text, source.path)
    if table.docstring is None:
        return _Defined(symbols, comments, facts=facts)
    first = np.array([docstring_of(tree.root_node, table, source.text)], dtype=np.int64)
    docs = np.concatenate((first[first[:, 1] > first[:, 0]], docstring_ranges(symbols)))
    return _Defined(symbols, join_ranges(comments, docs), facts=facts)


def _is_register_map(source: SourceFile, lines: TextLines) -> bool:
    if source.language not in ("c", "cpp") or len(source.text) <= DEFINES_BYTES:
        return False
    return sum(1 for _ in re.finditer(_DEFINE, source.text)) > DEFINES_SHARE * lines.count
