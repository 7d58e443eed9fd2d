"""Text that is longer than the screen is shown by a pager, chosen and run as git does it."""

from __future__ import annotations

import re
import shlex
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress

from semindex.present.hyperlinks import without_links

DEFAULT = "less"
_FLAGS = {"LESS": "FRX", "LV": "-c"}
"""Git's: quit where all fits, let colours through, leave the text on the screen. Own values stay."""
_SHELL = "[|&;<>()$`\\\\\"' \t\n*?#~=%\\[]"
"""Characters for which git has a shell run the command."""
_NOT_RUN = (126, 127)
"""What a shell exits with when it cannot run a command."""
_TAKES_LINKS = 566
"""The version of less that lets links through."""


def command(setting: str, variables: Mapping[str, str]) -> str:
    """The pager: the setting, else ``PAGER``, else ``less``; empty for none, which ``cat`` is too."""
    chosen = (setting or variables.get("PAGER", DEFAULT)).strip()
    return "" if chosen == "cat" else chosen


def rows(text: str, width: int) -> int:
    """How many rows of a screen a text takes, whose longer lines the terminal breaks."""
    from rich.text import Text

    lines = Text.from_ansi(without_links(text)).split("\n")
    return sum(max(1, -(-line.cell_len // width)) for line in lines)


def shown_by(pager: str, text: str, variables: Mapping[str, str]) -> bool:
    """Whether the pager was run, and given the text; returns when it has ended.

    Args:
        pager: Its command line.
        text: As it is to be shown, with colours.
        variables: The environment, to which what git adds for less is added.
    """
    data = text.encode("utf-8", "replace")
    return run(pager, data, variables) if _elsewhere is None else _elsewhere(pager, data)


_elsewhere: Callable[[str, bytes], bool] | None = None


def run_by(show: Callable[[str, bytes], bool]) -> None:
    """Have pagers run by another process, whose terminal it is."""
    global _elsewhere
    _elsewhere = show


def run(pager: str, data: bytes, variables: Mapping[str, str]) -> bool:
    """Run a pager in this process's terminal; arguments and result as those of :func:`shown_by`."""
    import subprocess  # noqa: TID251 - runs the pager that the user chose

    words = ["sh", "-c", pager] if re.search(_SHELL, pager) else [pager]
    environment = {**_FLAGS, **variables}
    if not _lets_links_through(pager):
        data = without_links(data.decode("utf-8", "replace")).encode("utf-8", "replace")
    # The pager is interrupted by ^C and this process is not. A function is not inherited, as SIG_IGN is.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        process = subprocess.Popen(words, stdin=subprocess.PIPE, env=environment)
        with suppress(BrokenPipeError):
            process.communicate(data)
        return process.wait() not in _NOT_RUN
    except OSError:
        return False
    finally:
        signal.signal(signal.SIGINT, before)


def _lets_links_through(pager: str) -> bool:
    import subprocess  # noqa: TID251 - asks less for its version

    with suppress(OSError, ValueError, IndexError):
        first = shlex.split(pager)[0]
        if first.rpartition("/")[2] == "less":
            told = subprocess.run([first, "--version"], capture_output=True, check=False, text=True)
            return int(told.stdout.split()[1].partition(".")[0]) >= _TAKES_LINKS
    return False
