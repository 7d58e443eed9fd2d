"""COBOL, ABAP, SAS, Stata and Apex."""

from __future__ import annotations

from semindex.parse.heads.base import Ends, Head, HeadTable
from semindex.types import Kind

_MARGIN = (
    r"(?:(?<=\n)|(?<=\n[ ])|(?<=\n[ ]{6})|"
    + "|".join(rf"(?<=\n[ ]{{{width}}})" for width in range(7, 11))
    + ")"
)
_NUMBER = r"(?:\d{6}[ ][ ]{0,3}+)?+"
COBOL = HeadTable(
    (
        Head(
            Kind.MODULE,
            rf"{_NUMBER}(?:PROGRAM|FUNCTION|CLASS|METHOD)-ID[ \t]*+\.\s*+[\"']?+(?P<name>[A-Z\d][\w-]*+)",
            Ends.NEXT,
        ),
        Head(
            Kind.SECTION,
            rf"{_NUMBER}(?P<name>[A-Z\d][\w-]*+)[ \t]++SECTION(?:[ \t]++\d++)?+[ \t]*+\.",
            Ends.NEXT,
        ),
        Head(
            Kind.FUNCTION,
            rf"(?:{_MARGIN}|(?=\d{{6}})){_NUMBER}(?P<name>[A-Z\d](?:[\w-]*+))[ \t]*+\.[ \t]*+\r?$",
            Ends.NEXT,
        ),
        Head(Kind.STRUCT, rf"{_NUMBER}(?:0?1|77)[ \t]++(?P<name>[A-Z][\w-]*+)"),
        Head(
            Kind.FIELD,
            rf"{_NUMBER}(?:0?[2-9]|[1-4]\d|66|88)[ \t]++(?P<name>[A-Z][\w-]*+)(?=[ \t.])",
            Ends.STOP,
        ),
        Head(Kind.TABLE, rf"{_NUMBER}(?:FD|SD)[ \t]++(?P<name>[A-Z][\w-]*+)", Ends.STOP),
    ),
    reserved=frozenset(
        """FILE-CONTROL I-O-CONTROL SPECIAL-NAMES SOURCE-COMPUTER OBJECT-COMPUTER REPOSITORY EXIT GOBACK CONTINUE
        END-IF END-PERFORM END-EVALUATE END-READ END-EXEC END-CALL END-WRITE END-SEARCH END-STRING END-COMPUTE END-ADD
        STOP DECLARATIVES AUTHOR INSTALLATION DATE-WRITTEN DATE-COMPILED SECURITY REMARKS FILLER END-RETURN
        FILE WORKING-STORAGE LINKAGE LOCAL-STORAGE INPUT-OUTPUT CONFIGURATION SCREEN REPORT COMMUNICATION""".split()
    ),
    stop=r"\.(?=[ \t\r]*+$)",
    ignores_case=True,
)
"""Paragraphs stand in columns 8 to 11, behind a number of six digits or blanks, or at the margin in free form."""

ABAP = HeadTable(
    (
        Head(
            Kind.CLASS,
            r"class[ \t]++(?P<name>[\w/~]++)[ \t\r\n]++(?:definition|implementation)\b(?![ \t]++(?:load|deferred))(?P<what>)",
            Ends.WORDS,
        ),
        Head(Kind.INTERFACE, r"interface[ \t]++(?P<name>[\w/]++)(?=[ \t]*+(?:\.|public))", Ends.WORDS),
        Head(Kind.METHOD, r"method[ \t]++(?P<name>[\w/~]++)", Ends.WORDS),
        Head(Kind.FUNCTION, r"(?:form|function|module)[ \t]++(?P<name>[\w/]++)", Ends.WORDS),
    ),
    ignores_case=True,
    closes=r"^[ \t]*+end(?:class|interface|method|form|function|module)\b",
)
SAS = HeadTable(
    (Head(Kind.MACRO, r"%macro[ \t]++(?P<name>\w++)", Ends.WORDS),),
    ignores_case=True,
    closes=r"%mend\b[^;\n]*+;?+",
)
STATA = HeadTable(
    (
        Head(
            Kind.FUNCTION,
            r"(?:cap(?:ture)?+[ \t]++)?+pr(?:ogram|ogra|ogr|og|o)?+[ \t]++(?:de(?:fine|fin|fi|f)?+[ \t]++)?+(?!drop\b|list\b|dir\b)(?P<name>\w++)",
            Ends.STOP,
        ),
    ),
    stop=r"^end\b",
)
_APEX = (
    r"(?:@\w++(?:\([^()\n]*+\))?+[ \t\r\n]*+){0,8}+(?:(?:public|private|protected|global|static|virtual|abstract|override|final"
    r"|transient|testMethod|with[ \t]++sharing|without[ \t]++sharing|inherited[ \t]++sharing|webservice)[ \t]++)*+"
)
APEX = HeadTable(
    (
        Head(Kind.CLASS, rf"{_APEX}class[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(Kind.INTERFACE, rf"{_APEX}interface[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(Kind.ENUM, rf"{_APEX}enum[ \t]++(?P<name>\w++)", Ends.BRACES),
        Head(
            Kind.CONSTANT,
            r"(?=[\w \t]{0,60}?\bfinal\b)(?:[A-Za-z][\w.<>, ]*?[ \t]++)(?P<name>\w++)[ \t]*+=",
            Ends.LINE,
        ),
        Head(Kind.OBJECT, r"trigger[ \t]++(?P<name>\w++)[ \t]++on\b", Ends.BRACES),
        Head(
            Kind.METHOD,
            rf"{_APEX}(?:(?!return\b|new\b|else\b|throw\b|insert\b|update\b)[A-Za-z][\w.]*+(?:<(?:[^<>;(){{}}\n]++|<[^<>;(){{}}\n]*+>)*+>)?+(?:\[\])?+[ \t]++)?+"
            r"(?P<name>\w++)[ \t]*+\([^;{}()]{0,600}+\)\s*+\{",
            Ends.BRACES,
        ),
    ),
    reserved=frozenset({"if", "for", "while", "switch", "catch", "else", "do", "try", "runAs"}),
    ignores_case=True,
)
