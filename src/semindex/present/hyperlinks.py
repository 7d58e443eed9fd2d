"""Links on paths in a terminal (OSC 8), for terminals that are known to take them.

The list is that of programs that say by a variable who they are; an unknown terminal might print the
address as text. VS Code is left out on purpose: it finds ``path:line`` by itself, and opens the line,
which a link to a file cannot name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from semindex.types import Definition, Hit, Text

OSC8 = "\x1b]8;[^\x1b]*\x1b\\\\"
"""Matches the beginning and the end of a link."""
_PROGRAMS = {"iTerm.app", "WezTerm", "ghostty", "mintty", "rio", "Tabby", "BlackBox", "Hyper"}
_TERMS = ("alacritty", "contour", "foot", "wezterm", "xterm-ghostty", "xterm-kitty")
_OLDEST_VTE = 5000
"""Version 0.50 of GNOME's terminal and others of its family."""


def are_taken(variables: Mapping[str, str]) -> bool:
    """Whether the terminal that environment variables describe shows links; ``FORCE_HYPERLINK`` wins."""
    forced = variables.get("FORCE_HYPERLINK")
    if forced is not None:
        return forced not in ("", "0", "false")
    vte = variables.get("VTE_VERSION", "")
    return (
        variables.get("TERM_PROGRAM", "") in _PROGRAMS
        or variables.get("TERM", "").startswith(_TERMS)
        or (vte.isdecimal() and int(vte) >= _OLDEST_VTE)
        or not variables.keys().isdisjoint(("WT_SESSION", "KONSOLE_VERSION", "DOMTERM"))
    )


def target(hit: Hit | Definition | Text) -> str:
    """``file://HOST/PATH`` of the file shown; the host tells a terminal whether the file is on its own."""
    import platform
    from urllib.parse import quote

    path = os.fsencode(f"{hit.repository}/{hit.path}").replace(b"\\", b"/")
    return f"file://{quote(platform.node())}/{quote(path.lstrip(b'/'))}"


def without_links(text: str) -> str:
    """A text that was drawn for a terminal, without its links."""
    return re.sub(OSC8, "", text)
