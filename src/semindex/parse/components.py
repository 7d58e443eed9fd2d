r"""Find the definitions in components (Vue, Svelte, Astro) and in the code of pages (HTML, ERB, EJS).

All but the scripts is blanked, so that what their grammar finds is on its line of the file. Template and
style are left for the search to find, as chunks without a definition of their own.

>>> text = b"<template>\n  <p/>\n</template>\n<script lang='ts'>\nlet a = 1\n</script>\n"
>>> scripts_of("vue", text)
[Script(language='typescript', start=48, end=59)]
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from semindex.parse.blanking import blanked
from semindex.parse.chunks import cut_by_symbols
from semindex.parse.comments import comment_ranges, join_ranges
from semindex.parse.drafts import Draft, finished
from semindex.parse.heads.finder import drafts_of, visible
from semindex.parse.heads.registry import head_table_of
from semindex.parse.lines import TextLines
from semindex.types import Kind, ParsedFile, SourceFile, Span, Symbol

Parse = Callable[[SourceFile], ParsedFile]

COMPONENTS = frozenset(("vue", "svelte", "astro"))
"""Languages in which a file is a component, named by its stem."""
PAGES = frozenset(("html", "erb", "ejs"))
"""Languages in which a file may contain scripts that define something."""
LEAST_LINES = 4
"""Scripts of a page with fewer lines only start or load something."""

_SCRIPT = (
    rb"(?i)<!--(?:[^-]++|-(?!->))*+(?:-->)?"
    rb"|<(?P<tag>script|style)\b(?P<options>(?:[^<>\"']{1,300}+|\"[^\"]{0,300}+\"|'[^']{0,300}+'){0,40}+)>"
)
_END = {b"script": rb"(?i)</script\b", b"style": rb"(?i)</style\b"}
_LANGUAGE = rb"(?i)(?<![\w-])lang[ \t]*+=[ \t]*+[\"']?(\w++)"
_TYPE = rb"(?i)(?<![\w-])type[ \t]*+=[ \t]*+[\"']?([^\s\"'>]++)"
_CODE_TYPE = (
    rb"(?i)module|(?:text|application)/(?:x-)?(?:java|ecma|type)script(?:;[^\n]*)?|text/(?:babel|jsx|tsx?)"
)
_LANGUAGES = {b"tsx": "tsx", b"jsx": "tsx", b"ts": "typescript", b"typescript": "typescript"}
_FRONT_MATTER = rb"\A(?:\xef\xbb\xbf)?\s*+---[ \t]*+\r?\n"
_FRONT_MATTER_END = rb"(?m)^---[ \t]*+\r?$"
_TAGGED = {
    "erb": ("ruby", rb"\bdef[ \t]++\w"),
    "ejs": ("javascript", rb"\bfunction[ \t]++\w|=>|=[ \t]*+function\b"),
}
"""The language between ``<%`` and ``%>``, and what shows that it defines something."""
_TAG = re.compile(rb"<%(?P<mark>[-_=#%]?+)(?P<code>[^%]{0,4000}+(?:%(?!>)[^%]{0,4000}+){0,100}+)%>")
_VUE_NAME = re.compile(
    rb"^[ \t]*+(?:export[ \t]++default\b[ \t]*+(?:\w[\w.]*+[ \t]*+\([ \t]*+)?+\{"
    rb"|defineOptions[ \t]*+\([ \t]*+\{)"
    rb"(?:[ \t\r\n]*+(?!name\b)\w++[ \t]*+(?::(?:[^\n{}]++|\{[^\n{}]*+\})*+|,?+[ \t]*+\r?+)\n){0,5}+"
    rb"[ \t\r\n]*+name[ \t]*+:[ \t]*+[\"'](?P<name>[\w-]++)[\"']",
    re.MULTILINE,
)
"""The name that a component of Vue gives itself: ``export default { name: 'SaveButton' }``."""
_SVELTE = re.compile(
    rb"^[ \t]*+(?P<start>\$:[ \t]*+(?P<value>[A-Za-z_$][\w$]*+)[ \t]*+=(?!=)[^\n]*+"
    rb"|\{\#snippet[ \t]++(?P<snippet>[A-Za-z_$][\w$]*+))",
    re.MULTILINE,
)
_SNIPPET_EDGE = re.compile(rb"\{[ ]*+(?P<mark>[\#/])snippet\b[^}\n]*+\}?+")
_BORDERS = rb"(?m)^<(?:template|script|style)\b"


class Script(NamedTuple):
    """The bytes of a script, without its tags."""

    language: str
    start: int
    end: int


def parse_component(source: SourceFile, parse: Parse) -> ParsedFile | None:
    """The component, the definitions in its scripts, and its chunks; None for a page without definitions.

    ``parse`` parses a text that has a script in its place and blanks everywhere else.
    """
    lines = TextLines(source.text)
    scripts = scripts_of(source.language, source.text)
    # Scripts of one language are parsed together, since each parse takes time for the whole file.
    languages = sorted({script.language for script in scripts})
    found = [
        parse(_only(source, language, [each for each in scripts if each.language == language]))
        for language in languages
    ]
    comments = comment_ranges(source.language, source.text)
    beside = finished(_beside_scripts(source, scripts), lines, comments)
    for each in found:
        comments = join_ranges(comments, each.comments)
    groups = [beside, *(each.symbols for each in found)]
    symbols = _joined([_component(source, lines)] if source.language in COMPONENTS else [], groups)
    stopped = next((each.stopped for each in found if each.stopped), "")
    if not symbols and not stopped:
        return None
    borders = lines.indices(match.start() for match in re.finditer(_BORDERS, source.text)).tolist()
    chunks = cut_by_symbols(lines, symbols, Kind.BLOCK, borders)
    return ParsedFile(source, chunks, symbols, comments, stopped)


def _beside_scripts(source: SourceFile, scripts: Sequence[Script]) -> list[Draft]:
    """What a file defines apart from its scripts, ascending by start: blocks, snippets, names."""
    text = source.text
    if source.language == "svelte":
        return list(_svelte(text))
    if source.language == "vue":
        named = (_VUE_NAME.search(text, script.start, script.end) for script in scripts)
        return [
            Draft(match["name"].decode("ascii", "replace"), Kind.CLASS, match.start(), script.end, -1)
            for match, script in zip(named, scripts, strict=True)
            if match is not None
        ]
    table = head_table_of(source.language)
    return drafts_of(table, visible(source.language, text, table)) if table is not None else []


def _svelte(text: bytes) -> Iterator[Draft]:
    """The values that Svelte keeps up to date (``$: double = 2 * n``), and its snippets."""
    ends: dict[int, int] = {}
    waiting: list[int] = []
    for edge in _SNIPPET_EDGE.finditer(text):
        if edge["mark"] == b"#":
            waiting.append(edge.start())
        elif waiting:
            ends[waiting.pop()] = edge.end()
    for match in _SVELTE.finditer(text):
        start = match.start("start")
        name = (match["value"] or match["snippet"]).decode("ascii", "replace")
        kind = Kind.VARIABLE if match["value"] else Kind.FUNCTION
        yield Draft(name, kind, start, ends.get(start, match.end()), -1)


def _joined(outer: Sequence[Symbol], found: Sequence[Sequence[Symbol]]) -> tuple[Symbol, ...]:
    """The definitions of all groups in the order of their start, inside of the component if there is one."""
    entries = sorted(
        (symbol.span.start_byte, number, place)
        for number, each in enumerate(found)
        for place, symbol in enumerate(each)
    )
    positions = {entry[1:]: position for position, entry in enumerate(entries, start=len(outer))}
    inner = [
        replace(symbol, parent=positions[number, symbol.parent] if symbol.parent >= 0 else len(outer) - 1)
        for _, number, place in entries
        for symbol in (found[number][place],)
    ]
    return (*outer, *inner)


def scripts_of(language: str, text: bytes) -> list[Script]:
    """The scripts of a file that are worth parsing, in order; in Astro its front matter as well."""
    scripts = [] if language != "astro" else list(_front_matter(text))
    after = scripts[-1].end if scripts else 0
    default = "typescript" if language == "astro" else "javascript"
    while (match := re.compile(_SCRIPT).search(text, after)) is not None:
        after = match.end()
        tag = (match["tag"] or b"").lower()
        if not tag:
            continue
        closing = re.compile(_END[tag]).search(text, after)
        start, after = after, closing.start() if closing else len(text)
        known = _language_of(match["options"], default) if tag == b"script" else None
        is_long = language not in PAGES or text.count(b"\n", start, after) > LEAST_LINES
        if known is not None and is_long and text[start:after].strip():
            scripts.append(Script(known, start, after))
    return sorted([*scripts, *_tags(language, text, scripts)], key=lambda script: script.start)


def _tags(language: str, text: bytes, scripts: Sequence[Script]) -> list[Script]:
    """The code between ``<%`` and ``%>`` outside of scripts, if it defines anything."""
    inside, shows = _TAGGED.get(language, ("", b"(?!)"))
    tags = [tag for tag in _TAG.finditer(text) if tag["mark"] not in (b"#", b"%")] if inside else []
    if not any(re.search(shows, tag["code"]) for tag in tags):
        return []
    ends = [script.end for script in scripts]
    found: list[Script] = []
    for tag in tags:
        around = bisect_right(ends, tag.start())
        if around == len(scripts) or tag.start() < scripts[around].start:
            found.append(Script(inside, *tag.span("code")))
    return found


def _front_matter(text: bytes) -> Iterator[Script]:
    opening = re.match(_FRONT_MATTER, text)
    closing = re.compile(_FRONT_MATTER_END).search(text, opening.end()) if opening else None
    if opening and closing:
        yield Script("typescript", opening.end(), closing.start())


def _language_of(options: bytes, default: str) -> str | None:
    """The language of a script by the attributes of its tag; None if it is data or a template."""
    named = re.search(_LANGUAGE, options)
    if named is not None:
        return _LANGUAGES.get(named[1].lower(), default)
    kind = re.search(_TYPE, options)
    if kind is not None and re.fullmatch(_CODE_TYPE, kind[1]) is None:
        return None
    is_typed = kind is not None and b"typescript" in kind[1].lower()
    return "typescript" if is_typed else default


def _only(source: SourceFile, language: str, scripts: Sequence[Script]) -> SourceFile:
    """The file with blanks for all but some scripts; what is behind the last of them is left away."""
    parts: list[bytes] = []
    end = 0
    for script in scripts:
        parts.append(blanked(source.text[end : script.start]))
        inside = source.text[script.start : script.end]
        parts.append(_TAG.sub(_as_word, inside) if source.language in _TAGGED else inside)
        end = script.end
    return replace(source, language=language, text=b"".join(parts))


def _as_word(tag: re.Match[bytes]) -> bytes:
    """A word of the same length for a tag that writes a value into a script, and blanks for any other."""
    is_value = tag["mark"] in (b"=", b"-") and b"\n" not in tag[0]
    return b"X" * len(tag[0]) if is_value else blanked(tag[0])


def _component(source: SourceFile, lines: TextLines) -> Symbol:
    """The component: a class named by the file's stem, which spans the file."""
    name = source.path.rpartition("/")[2]
    stem = name[: name.rfind(".")] if "." in name[1:] else name
    return Symbol(stem, Kind.CLASS, Span(1, max(1, lines.count), 0, len(source.text)))
