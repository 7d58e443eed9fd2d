"""Shells whose grammars we do not have."""

from __future__ import annotations

from semindex.parse.heads.base import Ends, Head, HeadTable
from semindex.types import Kind

_FISH_FUNCTION = r"function[ \t]++(?:-\S*+[ \t]++)*+(?P<name>[^\s;$()&|<>'\"]++)"
FISH = HeadTable(
    (
        Head(Kind.FUNCTION, _FISH_FUNCTION, local=True),
        Head(Kind.FUNCTION, r"alias[ \t]++(?:-\S++[ \t]++)*+(?P<name>[\w.:+@%!?-]++)(?=[= \t])", Ends.LINE),
        Head(
            Kind.FUNCTION,
            r"abbr[ \t]++(?:(?:-a|--add|-g)[ \t]++)++(?:-\S++[ \t]++)*+(?P<name>[\w.:+@%!?-]++)(?=[ \t])",
            Ends.LINE,
        ),
        Head(
            Kind.VARIABLE,
            r"set[ \t]++(?:-[gUx]++|--(?:global|universal|export))[ \t]++(?:-\S++[ \t]++)*+(?P<name>[A-Za-z_]\w*+)(?=[ \t])",
            Ends.LINE,
        ),
    )
)

BATCH = HeadTable(
    (
        Head(Kind.FUNCTION, r":(?P<name>[A-Za-z_][\w.-]*+)[ \t]*+$", Ends.NEXT),
        Head(Kind.VARIABLE, r"@?+set[ \t]++(?:/[ap][ \t]++)?+\"?+(?P<name>[A-Za-z_][\w.-]*+)=", Ends.LINE),
    ),
    ignores_case=True,
)
"""What is set behind a label counts as inside of it, and is local."""
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
        Head(Kind.VARIABLE, r"\$env\.(?P<name>\w++)[ \t]*+=", Ends.INDENT, margin=True),
    ),
)
