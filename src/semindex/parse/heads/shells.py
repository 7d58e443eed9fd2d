"""Shells whose grammars we do not have."""

from __future__ import annotations

from semindex.parse.heads.base import Head, HeadTable
from semindex.types import Kind

_FISH_FUNCTION = r"function[ \t]++(?:-\S*+[ \t]++)*+(?P<name>[^\s;$()&|<>'\"]++)"
FISH = HeadTable((Head(Kind.FUNCTION, _FISH_FUNCTION, local=True),))
