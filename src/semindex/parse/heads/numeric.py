"""Fortran and MATLAB."""

from __future__ import annotations

from semindex.parse.heads.base import Ends, Head, HeadTable
from semindex.types import Kind

_PREFIX = (
    r"(?:(?:pure|impure|elemental|recursive|non_recursive|module|integer|real|complex|logical|character"
    r"|double[ \t]*+precision|double[ \t]*+complex|byte|type(?=[ \t]*+\()|class(?=[ \t]*+\()|attributes(?=\())"
    r"(?:[ \t]*+\*[ \t]*+\d++)?+(?:[ \t]*+\((?:[^()\n]++|\([^()\n]*+\))*+\))?+[ \t]++)*+"
)
FORTRAN = HeadTable(
    (
        Head(
            Kind.MODULE,
            r"(?P<what>module)[ \t]++(?!(?:procedure|subroutine|function)\b[ \t]*+\w)(?P<name>[a-z]\w*+)[ \t]*+;?+[ \t]*+\r?$",
            Ends.WORDS,
        ),
        Head(Kind.MODULE, r"(?P<what>submodule)[ \t]*+\([^()\n]*+\)[ \t]*+(?P<name>\w++)", Ends.WORDS),
        Head(Kind.MODULE, r"(?P<what>program)[ \t]++(?P<name>[a-z]\w*+)[ \t]*+\r?$", Ends.WORDS),
        Head(Kind.MODULE, r"(?P<what>block[ \t]*+data)[ \t]++(?P<name>[a-z]\w*+)[ \t]*+\r?$", Ends.WORDS),
        Head(
            Kind.FUNCTION,
            rf"{_PREFIX}(?P<what>subroutine)[ \t]++(?P<name>[a-z]\w*+)[ \t]*+(?=\(|\r?$|bind\b|;|&)",
            Ends.WORDS,
            local=True,
        ),
        Head(
            Kind.FUNCTION,
            rf"{_PREFIX}(?P<what>function)[ \t]++(?P<name>[a-z]\w*+)[ \t]*+(?=\(|&)",
            Ends.WORDS,
            local=True,
        ),
        Head(
            Kind.INTERFACE,
            r"(?P<what>interface)[ \t]++(?P<name>[a-z]\w*+|operator[ \t]*+\([^()\n]*+\)|assignment[ \t]*+\([ \t]*+=[ \t]*+\))"
            r"[ \t]*+\r?$",
            Ends.WORDS,
        ),
        Head(Kind.INTERFACE, r"(?:abstract[ \t]++)?+(?P<what>interface)(?P<name>)[ \t]*+\r?$", Ends.WORDS),
        Head(
            Kind.STRUCT,
            r"(?P<what>type)(?:[ \t]*+,[^:\n]{1,300}+)?+(?:[ \t]*+::[ \t]*+|[ \t]++)(?!is\b)(?P<name>[a-z]\w*+)[ \t]*+"
            r"(?:\([^()\n]*+\)[ \t]*+)?+\r?$",
            Ends.WORDS,
        ),
        Head(Kind.ENUM, r"(?P<what>enum)[ \t]*+,[^:\n]*+::[ \t]*+(?P<name>\w++)", Ends.WORDS),
        Head(
            Kind.METHOD,
            r"procedure[ \t]*+(?:,[^:\n]{1,100}+)?+::[ \t]*+(?P<name>\w++)(?=[ \t]*+=>|[ \t]*+\r?$)",
            Ends.LINE,
        ),
        Head(
            Kind.CONSTANT,
            r"(?:integer|real|complex|logical|character|type)\b[^:!\n]{0,200}?\bparameter\b[^:!\n]{0,100}+::[ \t]*+"
            r"(?P<name>[a-z]\w*+)",
            Ends.LINE,
        ),
        Head(Kind.MACRO, r"\#[ \t]*+define[ \t]++(?P<name>\w++)(?=[ (])", Ends.LINE),
    ),
    reserved=frozenset({"is", "default", "procedure", "none"}),
    ignores_case=True,
    closes=r"^[ \t]*+(?:\d++[ \t]++)?+end[ \t]*+(?:(?P<what>module|submodule|program|block[ \t]*+data|subroutine|function"
    r"|interface|type|enum)\b[^\n=(]*+|(?=\r?$|;))",
)
"""Program units are nested by ``contains`` and often not indented. ``end do`` and the like close no unit.

An interface without a name is opened and closed, too, because the procedures in it have an ``end`` each."""

MATLAB = HeadTable(
    (
        Head(Kind.CLASS, r"classdef\b(?:[ \t]*+\([^()\n]*+\))?+[ \t]++(?P<name>\w++)", Ends.NEXT),
        Head(
            Kind.FUNCTION,
            r"function\b[ \t]*+(?:(?:\[[^\]\n]*+\]|\w++)[ \t]*+=[ \t]*+)?+(?P<name>[A-Za-z][\w.]*+)[ \t]*+(?=\(|\r?$|;|,|\.\.\.|%|\#)",
            Ends.NEXT,
        ),
    ),
)
"""The ``end`` of a function is optional, so a function reaches to the next one."""
