"""What may have been meant by a word that is no command."""

import shlex
from collections.abc import Sequence

ELSEWHERE = {
    **dict.fromkeys(("find", "query", "ask", "s"), "search"),
    **dict.fromkeys(("rg", "ripgrep", "ag", "ack"), "grep"),
    **dict.fromkeys(("build", "init", "refresh", "reindex"), "index"),
    **dict.fromkeys(("delete", "reset", "rm"), "clean"),
    **dict.fromkeys(("clone", "register"), "add"),
    **dict.fromkeys(("forget", "unregister"), "remove"),
    **dict.fromkeys(("ls", "repos", "repositories"), "list"),
    **dict.fromkeys(("fetch", "pull", "sync"), "update"),
    **dict.fromkeys(("like", "more-like", "similar"), "related"),
    **dict.fromkeys(("info", "stats", "verify"), "status"),
    **dict.fromkeys(("settings", "set"), "config"),
    **dict.fromkeys(("bench", "benchmark", "evaluate", "measure"), "eval"),
    **dict.fromkeys(("langs", "types"), "languages"),
}
"""Names that other programs have for what a command of ours does."""


def meant(words: Sequence[str], commands: Sequence[str]) -> str:
    """What to run instead, as the end of a message: the nearest command, else a search for the words.

    Args:
        words: The command line after the program's name; the first is no command.
        commands: The names of the commands.
    """
    from difflib import get_close_matches

    near = [ELSEWHERE[words[0]]] if words[0] in ELSEWHERE else get_close_matches(words[0].lower(), commands)
    if near:
        return f" (did you mean {' or '.join(near[:2])}?)"
    return f"; to search for it, run: semindex search {shlex.quote(' '.join(words))}"
