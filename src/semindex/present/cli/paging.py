"""Writes what may be longer than the screen."""

import sys

from semindex.present.cli.outcome import tell
from semindex.present.stream import write

NONE = "cat"
"""The pager that is none."""


def give_text(text: str, pager: str, *, last: str = "") -> None:
    """Write a text to standard output, in a terminal by a pager when it is longer than the screen.

    Args:
        text: Lines, without the last line end.
        pager: The setting; :data:`NONE` for no pager.
        last: What follows a text that is longer than the screen and not paged.
    """
    if sys.stdout.isatty():
        from shutil import get_terminal_size

        from semindex.config import variables
        from semindex.present.pager import command, rows, shown_by

        screen, around = get_terminal_size(), variables()
        # One row is for the prompt that follows.
        if rows(text, screen.columns) >= screen.lines:
            chosen = "" if around.get("TERM", "dumb") == "dumb" else command(pager, around)
            sys.stdout.flush()
            if chosen and shown_by(chosen, text + "\n", around):
                return
            if chosen:
                tell(f"the pager {chosen!r} cannot be run; PAGER chooses another, and `cat` none")
            text += f"\n{last}" if last else ""
    write(text)
