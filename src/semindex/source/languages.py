"""Tell the language of a file by its name, its extension, its ``#!`` line or its first bytes."""

import re

from semindex.errors import UsageError
from semindex.source.language_table import languages

UNKNOWN = "text"
_WRAPPINGS = (".in", ".tmpl", ".template", ".tpl", ".example", ".sample", ".dist", ".orig", ".bak", ".j2")
"""Endings behind the extension that tells the language, as in ``config.h.in``."""
_NAME_PREFIXES = {
    "dockerfile": "dockerfile",
    "containerfile": "dockerfile",
    "makefile": "make",
    "gnumakefile": "make",
    "jenkinsfile": "groovy",
    ".env": "ini",
    "cmakelists": "cmake",
}
# The patterns are strings because a search imports this module and detects nothing: ``re`` compiles each when
# it is first used, and keeps it.
_SHEBANG = rb"#!\s*(?:/\S*/)?env\s+(?:-\S+\s+|\w+=\S*\s+)*(?:\S*/)?([\w.+-]+)|#!\s*(?:\S*/)?([\w.+-]+)"
_MODELINE = (
    rb"(?i)-\*-\s*(?:.*?\bmode:\s*)?([\w+#-]+)\s*(?:;.*)?-\*-"
    rb"|\b(?:vim?|ex):.*?\b(?:ft|filetype|syntax)=([\w+#-]+)"
)
_CPP = (
    rb"(?m)^\s*(?:class\s+[\w:]+[^;()=.]*[{:]|class\s+\w+\s*;|(?:inline\s+)?namespace\b[^=;]*\{?|template\s*<"
    rb"|using\s+(?:namespace\s+)?\w|public:|private:|protected:|constexpr\s)"
    rb"|\bstd::\w|^\s*#\s*include\s*<(?:algorithm|array|atomic|chrono|concepts|cstd\w+|functional|iostream|map"
    rb"|memory|mutex|optional|set|sstream|string|string_view|tuple|type_traits|unordered_map|utility|vector)>"
    rb"|-\*-\s*(?:mode:\s*)?C\+\+"
)
_OBJECTIVE_C = rb"(?m)^\s*(?:@(?:interface|protocol|implementation|class|import|property)\b|#\s*import\b)"
_C_COMMENT = rb"(?s)/\*.*?\*/|//[^\n]*"
_MATLAB = rb"(?m)^\s*(?:%|function\b|classdef\b)"
_EVIDENCE: dict[str, tuple[tuple[bytes, str], ...]] = {
    ".m": ((_OBJECTIVE_C, "objective-c"), (_MATLAB, "matlab")),
    ".pl": ((rb"(?m)^\s*:-|^[a-z]\w*\([^)]*\)\s*:-", "prolog"),),
    ".pro": ((rb"(?m)^\s*:-|^[a-z]\w*\(.*\)\s*(?::-|\.$)", "prolog"),),
    ".ts": ((rb"\A\s*<\?xml|\A\s*<!DOCTYPE TS", "xml"),),
    ".v": ((rb"(?m)^\s*(?:Require|Theorem|Lemma|Definition|Proof|Section|From \w+)\b", "coq"),
           (rb"(?m)^\s*(?:pub )?fn \w|^\s*import \w", "v")),
    ".fs": ((rb"(?m)^\s*#version\b|\bgl_\w+|^\s*(?:uniform|varying)\s", "glsl"),),
    ".cls": ((rb"(?m)^\s*\\[A-Za-z]", "latex"),),
    ".inc": ((rb"<\?php", "php"), (rb"(?m)^\s*#\s*(?:include|define|if)\b", "cpp")),
    ".d": ((rb"\A[^\n]*\.o\s*:", "make"),),
    ".sc": ((rb"\bSynthDef\b|\bUGen\b", "supercollider"),),
    ".r": ((rb"(?i)\A\s*rebol\b", "rebol"),),
}  # fmt: skip
"""Of extensions that several languages share: patterns and the language that each of them shows."""
_GO_TEMPLATE = (
    rb"\{\{-?\s*(?:/\*|[.$]|(?:define|block|template|include)\s+[\"`]|(?:range|if|with)\s+[^\s}-]"
    rb"|(?:end|else)\s*-?\}\})"
)
_JINJA = rb"\{%[-+]?\s*(?:block|extends|macro|for|if|include|import|from|set|with|load)\s+[^\s%]"
_SMARTY = (
    rb"\{(?:\*|\$[\w.\[\]>|:-]+\}|/?(?:foreach|section|literal|strip|capture|block|nocache|php)\b[^{}\n]*\}"
    rb"|(?:if|elseif)\s[^{}\n]*\}|(?:include|extends|assign|config_load|function|call|html_\w+)\s[^{}\n]*=)"
)
_UNTOLD: dict[str, tuple[tuple[bytes, str], ...]] = {
    ".tpl": ((rb"<\?(?:php|=)", "php"), (_JINJA, "html"), (_GO_TEMPLATE, "gotemplate"), (_SMARTY, "smarty")),
    ".spec": (
        (rb"(?im)^(?:%(?:define|global|package|description|prep|build|install|files)\b"
         rb"|(?:name|version|release|summary|license|source0?|buildrequires)\s*:[ \t]*\S)", "rpmspec"),
        (rb"(?m)^\w+\s*=\s*(?:Analysis|PYZ|EXE|COLLECT|BUNDLE)\s*\(", "python"),
    ),
}  # fmt: skip
"""Of extensions that tell nothing by themselves: as ``_EVIDENCE``; without any the file is text, unless its
first lines name a language."""
_CHART_FOLDER = "templates"
"""A chart of Helm has its templates below a folder of this name."""
_REQUIREMENTS = r"requirements(?:[-_.]\w+)*\.txt|(?:\w+[-_.])+requirements\.txt"
_FIRST_BYTES = 16_384


def detect(path: str, head: bytes) -> str:
    """The language of the file at ``path`` with the first bytes ``head``; ``text`` if nothing tells it.

    With an empty ``head`` the path alone decides.
    """
    name = path.rpartition("/")[2].lower()
    head = head[:_FIRST_BYTES].removeprefix(b"\xef\xbb\xbf")
    language, extension = _by_name(name)
    if extension == ".h" and head:
        return _header(head)
    untold = _UNTOLD.get(extension, ()) if head else ()
    for pattern, other in (*untold, *_EVIDENCE.get(extension, ())) if head else ():
        if re.search(pattern, head):
            in_chart = other == "gotemplate" and _CHART_FOLDER in path.split("/")[:-1]
            return "helm" if in_chart else other
    if untold:
        return _by_head(head) or UNKNOWN
    if language is None or (language == UNKNOWN and not extension):
        return _by_head(head) or language or UNKNOWN
    return language


def is_source_name(name: str) -> bool:
    """Whether the name alone says that the file is code, prose or configuration."""
    language, _ = _by_name(name.lower())
    return language is not None and languages().kinds[language] != "data"


def canonical(name: str) -> str | None:
    """The language that ``name`` means, in any case: a language, an alias or an extension with its dot.

    None if no language has the name.
    """
    key = name.strip().lower()
    return languages().canonical.get(key) or languages().by_extension.get(key)


def language_named(name: str, refused: type[UsageError] = UsageError) -> str:
    """The language that ``name`` means, as in :func:`canonical`.

    Raises:
        UsageError: No language has the name; the class is ``refused``.
    """
    if not isinstance(name, str):
        raise refused(f"a language is {name!r}; it must be text")
    known = canonical(name)
    if known is None:
        raise refused(f"unknown language {name!r}; 'semindex languages' lists all that are known")
    return known


def kind_of(language: str) -> str:
    """``code``, ``prose``, ``config`` or ``data``; ``prose`` for a language that is not in the table."""
    return languages().kinds.get(language, "prose")


def _by_name(name: str) -> tuple[str | None, str]:
    """The language by a lower-case file name (None if unknown), and the extension that told it (or empty)."""
    for wrapping in _WRAPPINGS:
        if name.endswith(wrapping) and name.count(".") > 1:
            name = name.removesuffix(wrapping)
            break
    by_name, by_extension = languages().by_name, languages().by_extension
    if name in by_name:
        return by_name[name], ""
    if name.endswith(".txt") and "requirements" in name and re.fullmatch(_REQUIREMENTS, name):
        return "requirements", ""
    dot = name.find(".", 1)
    while dot != -1:
        language = by_extension.get(name[dot:])
        if language is not None:
            return language, name[dot:]
        dot = name.find(".", dot + 1)
    stem = name[: name.find(".", 1)] if "." in name[1:] else name
    return _NAME_PREFIXES.get(stem), ""


def _header(head: bytes) -> str:
    code = re.sub(_C_COMMENT, b"", head)
    if re.search(_OBJECTIVE_C, code):
        return "objective-c"
    return "cpp" if re.search(_CPP, code) or re.search(_CPP, head.split(b"\n", 1)[0]) else "c"


def _by_head(head: bytes) -> str | None:
    shebang = re.match(_SHEBANG, head)
    if shebang:
        interpreter = (shebang[1] or shebang[2]).decode("ascii", "replace").lower()
        by_interpreter = languages().by_interpreter
        known = by_interpreter.get(interpreter) or by_interpreter.get(interpreter.rstrip("0123456789.-"))
        if known:
            return known
    for line in head.split(b"\n", 2)[:2]:
        modeline = re.search(_MODELINE, line[:500])
        if modeline:
            named = canonical((modeline[1] or modeline[2]).decode("ascii", "replace"))
            if named:
                return named
    start = head.lstrip()[:64].lower()
    known_starts = {
        b"<?php": "php",
        b"<?xml": "xml",
        b"<!doctype html": "html",
        b"<html": "html",
        b"#compdef": "bash",
        b"#autoload": "bash",
    }
    return next((language for prefix, language in known_starts.items() if start.startswith(prefix)), None)
