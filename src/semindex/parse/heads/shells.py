"""Shells whose grammars we do not have."""

from __future__ import annotations

from semindex.parse.heads.base import Ends, Head, HeadTable
from semindex.types import Kind

_FISH_FUNCTION = r"function[ \t]++(?:-\S*+[ \t]++)*+(?P<name>[^\s;$()&|<>'\"]++)"
FISH = HeadTable((Head(Kind.FUNCTION, _FISH_FUNCTION, local=True),))

BATCH = HeadTable(
    (Head(Kind.FUNCTION, r":(?P<name>[A-Za-z_][\w.-]*+)[ \t]*+$", Ends.NEXT),), ignores_case=True
)
NUSHELL = HeadTable(
    (
        Head(Kind.MODULE, r"(?:export[ \t]++)?+module[ \t]++(?P<name>[\w-]++)[ \t]*+\{", Ends.BRACES),
        Head(
            Kind.FUNCTION,
            r"(?:export[ \t]++)?+(?:def|def-env|extern)[ \t]++(?:--\w++[ \t]++)*+[\"']?+(?P<name>[\w -]++)[\"']?+[ \t]*+\[",
            Ends.INDENT,
            local=True,
        ),
        Head(Kind.TYPE, r"(?:export[ \t]++)?+alias[ \t]++(?P<name>[\w-]++)[ \t]*+=", Ends.LINE),
        Head(Kind.CONSTANT, r"(?:export[ \t]++)?+const[ \t]++(?P<name>[\w-]++)[ \t]*+=", Ends.INDENT),
    ),
)
