"""Configuration that is code: HCL and Terraform, Bicep, Puppet, Nix, Dockerfiles."""

from __future__ import annotations

import re
from collections.abc import Iterator

from semindex.parse.heads.base import Ends, Found, Groups, Head, HeadTable
from semindex.parse.heads.heredocs import without_heredocs
from semindex.types import Kind


def _labels(groups: Groups) -> str:
    """The labels of a block, joined as Terraform addresses them: ``aws_vpc.main``."""
    labels = groups["name"].replace('"', " ").split()
    return ".".join(labels)


_LOCALS = re.compile(rb"^locals[ \t]*+\{[^\n]*+(?:\n(?:[ \t][^\n]*+)?+(?=\n))*+", re.MULTILINE)
_VALUE = re.compile(rb"^(?:[ ]{2}|\t)(?P<name>[A-Za-z_][\w-]*+)[ \t]*+=(?![=>])", re.MULTILINE)


def _local_values(code: bytes, _bare: bytes) -> Iterator[Found]:
    """The values that ``locals`` blocks define, each up to the next one."""
    for block in _LOCALS.finditer(code):
        values = list(_VALUE.finditer(code, block.start(), block.end()))
        edges = [*(value.start() for value in values), block.end()]
        for value, end in zip(values, edges[1:], strict=True):
            at = value.start("name")
            name = value["name"].decode("ascii", "replace")
            yield Found(name, Kind.VARIABLE, at, end, at, at - value.start())


_LABELS = r"(?P<name>(?:\"[^\"\n]*+\"|[\w.-]++)(?:[ \t]++(?:\"[^\"\n]*+\"|[\w.-]++))*+)[ \t]*+\{"
HCL = HeadTable(
    (
        Head(Kind.SETTING, rf"variable[ \t]++{_LABELS}", Ends.BRACES, _labels, margin=True),
        Head(Kind.VARIABLE, rf"output[ \t]++{_LABELS}", Ends.BRACES, _labels, margin=True),
        Head(Kind.MODULE, rf"module[ \t]++{_LABELS}", Ends.BRACES, _labels, margin=True),
        Head(
            Kind.OBJECT,
            rf"(?!dynamic\b|provisioner\b|backend\b)[a-z][\w-]*+[ \t]++{_LABELS}",
            Ends.BRACES,
            _labels,
            margin=True,
        ),
        Head(Kind.OBJECT, r"(?P<name>locals|terraform)[ \t]*+\{", Ends.BRACES, margin=True),
        Head(Kind.SETTING, r"(?P<name>[A-Za-z_][\w-]*+)[ \t]*+=(?![=>])", margin=True),
    ),
    closing=r"[}\])]",
    opening=r"(?!)",
    masked=without_heredocs(rb"<<-?+(?P<tag>[A-Za-z_]\w*+)(?=[ \t]*+\r?\n)"),
    scan=_local_values,
)
"""Blocks at the margin are definitions, and so are the values of ``locals`` and those of ``.tfvars`` files."""

BICEP = HeadTable(
    (
        Head(Kind.SETTING, r"param[ \t]++(?P<name>\w++)", Ends.INDENT),
        Head(Kind.VARIABLE, r"(?:var|output)[ \t]++(?P<name>\w++)", Ends.INDENT),
        Head(Kind.OBJECT, r"resource[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(Kind.MODULE, r"module[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(Kind.TYPE, r"type[ \t]++(?P<name>\w++)", Ends.INDENT),
        Head(Kind.FUNCTION, r"func[ \t]++(?P<name>\w++)", Ends.LINE),
    ),
)
PUPPET = HeadTable(
    (
        Head(Kind.CLASS, r"class[ \t]++(?P<name>[a-z_][\w:]*+)", Ends.BRACES),
        Head(Kind.TYPE, r"define[ \t]++(?P<name>[a-z_][\w:]*+)", Ends.BRACES),
        Head(Kind.FUNCTION, r"function[ \t]++(?P<name>[a-z_][\w:]*+)", Ends.BRACES),
        Head(Kind.OBJECT, r"node[ \t]++(?P<name>['\"/\w.-]++)", Ends.BRACES),
        Head(Kind.TYPE, r"type[ \t]++(?P<name>[A-Z][\w:]*+)[ \t]*+=", Ends.LINE),
    ),
    separator="::",
)
_NIX_PATH = r"(?P<name>(?:[A-Za-z_][\w'-]*+|\"[^\"\n]++\")(?:\.(?:[A-Za-z_][\w'-]*+|\"[^\"\n]++\"))*+)"
NIX = HeadTable(
    (
        Head(
            Kind.FUNCTION,
            r"(?P<name>[A-Za-z_][\w'.-]*+)[ \t]*+=[ \t\r\n]*+(?:[A-Za-z_][\w'-]*+[ \t]*+:(?![:/])|\{[^{}=;\"]{0,600}+\}[ \t]*+:|\{[^{}=;\"]{0,600}+\}@)",
            local=True,
        ),
        Head(
            Kind.OBJECT,
            rf"{_NIX_PATH}[ \t]*+=[ \t]*+(?:rec[ \t]++|(?:lib\.)?+mk(?:If|Merge|Force|Default)\b[^\n;]*?)?\{{[ \t]*+$",
        ),
        Head(Kind.SETTING, rf"{_NIX_PATH}[ \t]*+=[ \t]*+(?:lib\.)?+mk[A-Za-z]{{0,40}}?Option\b"),
        Head(
            Kind.VARIABLE, r"(?:(?<=\n)|(?<=\n[ ]{2})|(?<=\n[ ]{4}))(?P<name>[A-Za-z_][\w'.-]*+)[ \t]*+=(?!=)"
        ),
    ),
    opening=r"[{(\[]|let\b|in\b|with\b|rec\b",
    closing=r"[}\])]",
    reserved=frozenset({"if", "then", "else", "inherit", "assert"}),
)

_ASSIGNED = re.compile(
    r"(?:^|(?<=\s))([A-Za-z_]\w*+)=(?:\"(?:[^\"\\]++|\\[\s\S])*+\"|'[^']*+'|[^\s\"'\\]++|\\[\s\S])*+"
)


def _assigned(groups: Groups) -> list[str]:
    """The names of ``A=1 B="two"``; that of ``A 1``."""
    names = _ASSIGNED.findall(groups["name"])
    return names or groups["name"].split()[:1]


_INSTRUCTION = r"[ \t]++(?P<name>[A-Za-z_](?:[^\\\n]++|\\[ \t]*+\n(?:[ \t]*+\n)*+|\\)*+)"
DOCKERFILE = HeadTable(
    (
        Head(
            Kind.MODULE,
            r"FROM[ \t]++(?:--\S++[ \t]++)*+(?P<image>\S++)(?:[ \t]++AS[ \t]++(?P<name>[\w.-]++))?+",
            Ends.NEXT,
            lambda found: found["name"] or found["image"],
        ),
        Head(Kind.SETTING, rf"(?:ENV|ARG){_INSTRUCTION}", Ends.LINE, _assigned),
    ),
    ignores_case=True,
)
