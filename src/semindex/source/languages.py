"""Which language a file is in: by its name, its extension, its ``#!`` line, its head."""

from __future__ import annotations

import re

from semindex.source.language_table import BY_EXTENSION, BY_INTERPRETER, BY_NAME, CANONICAL, KINDS

UNKNOWN = "text"
_WRAPPINGS = (".in", ".tmpl", ".template", ".tpl", ".example", ".sample", ".dist", ".orig", ".bak", ".j2")
"""Endings that stand after the real one (``config.h.in``)."""
_NAME_PREFIXES = {
    "dockerfile": "dockerfile",
    "containerfile": "dockerfile",
    "makefile": "make",
    "gnumakefile": "make",
    "jenkinsfile": "groovy",
    ".env": "ini",
    "cmakelists": "cmake",
}
_SHEBANG = re.compile(
    rb"#!\s*(?:/\S*/)?env\s+(?:-\S+\s+|\w+=\S*\s+)*(?:\S*/)?([\w.+-]+)|#!\s*(?:\S*/)?([\w.+-]+)"
)
_MODELINE = re.compile(
    rb"-\*-\s*(?:.*?\bmode:\s*)?([\w+#-]+)\s*(?:;.*)?-\*-|\b(?:vim?|ex):.*?\b(?:ft|filetype|syntax)=([\w+#-]+)",
    re.IGNORECASE,
)
_CPP = re.compile(
    rb"^\s*(?:class\s+[\w:]+[^;()=.]*[{:]|class\s+\w+\s*;|(?:inline\s+)?namespace\b[^=;]*\{?|template\s*<"
    rb"|using\s+(?:namespace\s+)?\w|public:|private:|protected:|constexpr\s)"
    rb"|\bstd::\w|^\s*#\s*include\s*<(?:algorithm|array|atomic|chrono|concepts|cstd\w+|functional|iostream|map"
    rb"|memory|mutex|optional|set|sstream|string|string_view|tuple|type_traits|unordered_map|utility|vector)>"
    rb"|-\*-\s*(?:mode:\s*)?C\+\+",
    re.MULTILINE,
)
_OBJECTIVE_C = re.compile(
    rb"^\s*(?:@(?:interface|protocol|implementation|class|import|property)\b|#\s*import\b)", re.M
)
_C_COMMENT = re.compile(rb"/\*.*?\*/|//[^\n]*", re.DOTALL)
_MATLAB = re.compile(rb"^\s*(?:%|function\b|classdef\b)", re.M)
_EVIDENCE: dict[str, tuple[tuple[re.Pattern[bytes], str], ...]] = {
    ".m": ((_OBJECTIVE_C, "objective-c"), (_MATLAB, "matlab")),
    ".pl": ((re.compile(rb"^\s*:-|^[a-z]\w*\([^)]*\)\s*:-", re.M), "prolog"),),
    ".pro": ((re.compile(rb"^\s*:-|^[a-z]\w*\(.*\)\s*(?::-|\.$)", re.M), "prolog"),),
    ".ts": ((re.compile(rb"\A\s*<\?xml|\A\s*<!DOCTYPE TS"), "xml"),),
    ".v": ((re.compile(rb"^\s*(?:Require|Theorem|Lemma|Definition|Proof|Section|From \w+)\b", re.M), "coq"),
           (re.compile(rb"^\s*(?:pub )?fn \w|^\s*import \w", re.M), "v")),
    ".fs": ((re.compile(rb"^\s*#version\b|\bgl_\w+|^\s*(?:uniform|varying)\s", re.M), "glsl"),),
    ".cls": ((re.compile(rb"^\s*\\[A-Za-z]", re.M), "latex"),),
    ".inc": ((re.compile(rb"<\?php"), "php"), (re.compile(rb"^\s*#\s*(?:include|define|if)\b", re.M), "cpp")),
    ".d": ((re.compile(rb"\A[^\n]*\.o\s*:"), "make"),),
    ".sc": ((re.compile(rb"\bSynthDef\b|\bUGen\b"), "supercollider"),),
    ".r": ((re.compile(rb"\A\s*rebol\b", re.I), "rebol"),),
}  # fmt: skip
_FIRST_BYTES = 16_384


def detect(path: str, head: bytes) -> str:
    """The language of the file at ``path``, whose first bytes are ``head`` (may be empty).

    Gives ``text`` when nothing is known.
    """
    name = path.rpartition("/")[2].lower()
    head = head[:_FIRST_BYTES].removeprefix(b"\xef\xbb\xbf")
    language, extension = _by_name(name)
    if extension == ".h" and head:
        return _header(head)
    for pattern, other in _EVIDENCE.get(extension, ()) if head else ():
        if pattern.search(head):
            return other
    if language is None or (language == UNKNOWN and not extension):
        return _by_head(head) or language or UNKNOWN
    return language


def is_source_name(name: str) -> bool:
    """Whether a file of this name alone looks like code, prose or configuration."""
    language, _ = _by_name(name.lower())
    return language is not None and KINDS[language] != "data"


def is_known(name: str) -> bool:
    """Whether ``name`` is a language's own name or an alias of one."""
    return canonical(name) is not None


def canonical(name: str) -> str | None:
    """The language that ``name`` (any case, an alias, an extension with its dot) means, None if none."""
    key = name.strip().lower()
    return CANONICAL.get(key) or BY_EXTENSION.get(key)


def kind_of(language: str) -> str:
    """``code``, ``prose``, ``config`` or ``data``; ``prose`` for a language that is not in the table."""
    return KINDS.get(language, "prose")


def names() -> tuple[str, ...]:
    """Every language, in alphabetical order."""
    return tuple(sorted(KINDS))


def _by_name(name: str) -> tuple[str | None, str]:
    """The language by a lower-case file name, and the extension that told it (empty if none did)."""
    for wrapping in _WRAPPINGS:
        if name.endswith(wrapping) and name.count(".") > 1:
            name = name.removesuffix(wrapping)
            break
    if name in BY_NAME:
        return BY_NAME[name], ""
    dot = name.find(".", 1)
    while dot != -1:
        language = BY_EXTENSION.get(name[dot:])
        if language is not None:
            return language, name[dot:]
        dot = name.find(".", dot + 1)
    stem = name[: name.find(".", 1)] if "." in name[1:] else name
    return _NAME_PREFIXES.get(stem), ""


def _header(head: bytes) -> str:
    code = _C_COMMENT.sub(b"", head)
    if _OBJECTIVE_C.search(code):
        return "objective-c"
    return "cpp" if _CPP.search(code) or _CPP.search(head.split(b"\n", 1)[0]) else "c"


def _by_head(head: bytes) -> str | None:
    first_lines = head.split(b"\n", 5)[:5]
    shebang = _SHEBANG.match(head)
    if shebang:
        interpreter = (shebang[1] or shebang[2]).decode("ascii", "replace").lower()
        known = BY_INTERPRETER.get(interpreter) or BY_INTERPRETER.get(interpreter.rstrip("0123456789.-"))
        if known:
            return known
    for line in first_lines[:2]:
        modeline = _MODELINE.search(line[:500])
        if modeline:
            named = canonical((modeline[1] or modeline[2]).decode("ascii", "replace"))
            if named:
                return named
    start = head.lstrip()[:64].lower()
    for prefix, language in (
        (b"<?php", "php"),
        (b"<?xml", "xml"),
        (b"<!doctype html", "html"),
        (b"<html", "html"),
    ):
        if start.startswith(prefix):
            return language
    return None
