"""Documented definitions of the listed packages: their first sentence, and the code it speaks of."""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import archives

_BLOCK = re.compile(
    r"^[ \t]*/\*\*?(?!\*)(.*?)\*/[ \t]*\n((?:[ \t]*(?:@|#\[|\[)[^\n]*\n)*)(?=[ \t]*[\w<~(\[])", re.S | re.M
)
_RUNS = {
    "//": re.compile(r"((?:^[ \t]*//[^\n]*\n)+)((?:[ \t]*(?:@|#\[|\[)[^\n]*\n)*)(?=[ \t]*[A-Za-z_])", re.M),
    "#": re.compile(
        r"((?:^[ \t]*#(?!!)[^\n]*\n)+)()(?=[ \t]*(?:def|class|module|function|sub|[a-z_]+\s*\(\)))", re.M
    ),
    "--": re.compile(
        r"((?:^[ \t]*--[^\n]*\n)+)()(?=[ \t]*(?:local|function|[a-z]\w* +::|data|newtype|class|instance))",
        re.M,
    ),
}
_MARKS = {"ruby": "#", "bash": "#", "perl": "#", "lua": "--", "haskell": "--", "sql": "--"}
_NAME = re.compile(
    r"\b(?:def|func|fn|function|class|struct|interface|trait|enum|type|module|object|sub|data|newtype|const|let|var)\s+"
    r"(?:\([^)]*\)\s*)?(?:self\.)?([A-Za-z_]\w*(?:[.:]\w+)*)"
)
_CALL = re.compile(r"([A-Za-z_~]\w*)\s*(?:<[^>(]*>)?\(")
_LEFT = re.compile(r"([A-Za-z_]\w*)\s*(?:=|:)")
_SKIP = re.compile(r"copyright|licen[sc]e|\bauto-?generated|@file|^-+$|eslint|noqa|TODO|FIXME", re.I)
_KEYWORDS = {"if", "for", "while", "switch", "return", "catch", "sizeof", "elif", "else"}


@dataclass(frozen=True, slots=True)
class Pair:
    """A definition and the first sentence of its documentation."""

    package: str
    path: str
    language: str
    sentence: str
    name: str
    parents: str
    body: str
    """Its code, without the documentation; the name is in it."""


def pairs(source: archives.Source, cache: Path) -> Iterator[Pair]:
    """All pairs of one package; sentences of 3 to 40 words, bodies of at least two lines."""
    for path, data in archives.texts(source, cache):
        language = archives.LANGUAGES[PurePosixPath(path).suffix.lower()]
        text = data.decode("utf-8", "replace").replace("\r\n", "\n")
        found = _python(text) if language == "python" else _others(text, language)
        for sentence, name, parents, body in found:
            if 3 <= len(sentence.split()) <= 40 and body.count("\n") >= 1 and not _SKIP.search(sentence):
                yield Pair(source.name, path, language, sentence, name, parents, body[:6000])


def sampled(source: archives.Source, cache: Path, *, most: int, seed: int) -> list[Pair]:
    """At most ``most`` pairs of one package, drawn at random."""
    found = list(pairs(source, cache))
    return random.Random(seed).sample(found, most) if len(found) > most else found


def first_sentence(text: str) -> str:
    """The first sentence of a doc comment, without markup."""
    lines = [
        re.sub(r"^[ \t]*(?:\*+|/{2,}!?|#+|--+[ |^]?)?[ \t]?", "", line) for line in text.strip().split("\n")
    ]
    paragraph = re.split(
        r"\n[ \t]*(?:\n|@|:param|\\param|Parameters|Args)", "\n".join(lines).strip(), maxsplit=1
    )[0]
    if paragraph.startswith("@"):
        return ""
    clean = re.sub(r"</?\w+[^>]*>|\{@\w+ ([^}]*)\}|[`*]", r"\1", paragraph)
    return " ".join(re.split(r"(?<=[.!?])\s", clean, maxsplit=1)[0].split())


def _python(text: str) -> Iterator[tuple[str, str, str, str]]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    lines = text.split("\n")
    stack: list[tuple[ast.AST, str]] = [(tree, "")]
    while stack:
        node, parents = stack.pop()
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                if isinstance(child, ast.If | ast.Try | ast.With):
                    stack.append((child, parents))
                continue
            stack.append((child, f"{parents} {child.name}".strip()))
            doc = ast.get_docstring(child, clean=True)
            if doc and not isinstance(child, ast.ClassDef):
                inner = child.body[0]
                kept = lines[child.lineno - 1 : inner.lineno - 1] + lines[inner.end_lineno : child.end_lineno]
                yield first_sentence(doc), child.name, parents, "\n".join(kept)


def _others(text: str, language: str) -> Iterator[tuple[str, str, str, str]]:
    mark = _MARKS.get(language, "//")
    patterns = [_RUNS[mark]] if mark != "//" else [_BLOCK, _RUNS["//"]]
    for pattern in patterns:
        for match in pattern.finditer(text):
            body = body_at(text, match.end(), braces=mark == "//")
            head = body.split("\n", 1)[0]
            name = _NAME.search(head) or _CALL.search(head) or _LEFT.search(head)
            if name and name[1] not in _KEYWORDS and ("(" in head or name.re is _NAME or mark == "--"):
                yield first_sentence(match[1]), re.split(r"[.:]", name[1])[-1], "", body


def body_at(text: str, start: int, *, braces: bool) -> str:
    """The definition that begins at an offset: to its closing brace, or as long as it is indented."""
    kept: list[str] = []
    depth = 0
    opened = False
    indent: int | None = None
    for line in text[start : start + 8000].split("\n")[:120]:
        here = len(line) - len(line.lstrip())
        if braces:
            kept.append(line)
            depth += line.count("{") - line.count("}")
            opened = opened or "{" in line
            if (opened and depth <= 0) or (not opened and (";" in line or not line.strip())):
                break
        else:
            if indent is not None and line.strip() and here <= indent and len(kept) > 1:
                if re.match(r"\s*(?:end|\})", line) or (
                    kept[0].split()[0] == line.split()[0] and "::" in kept[0]
                ):
                    kept.append(line)
                    if not re.match(r"\s*(?:end|\})", line):
                        continue
                break
            indent = here if indent is None else indent
            kept.append(line)
    return "\n".join(kept)
