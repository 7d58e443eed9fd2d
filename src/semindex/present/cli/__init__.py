"""The command line. Importing it loads click and nothing heavier; a command's module is loaded when run.

To add a command: a module here with a :class:`click.Command` that returns its exit code, and a line in
:data:`COMMANDS`.
"""

import gc
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

import click

from semindex import __version__
from semindex.errors import SemindexError
from semindex.present.cli.outcome import DONE, ERROR, INTERRUPTED, guarded
from semindex.present.stream import lose_messages_rather_than_fail
from semindex.process.leaving import leave
from semindex.process.streams import open_missing_streams


class Entry(NamedTuple):
    """A command's module and its line in the list of commands; a tuple, as a Struct would import msgspec."""

    module: str
    attribute: str
    help: str
    blas: bool = False
    """Whether it multiplies matrices, for which numpy starts threads when it is imported."""


COMMANDS = {
    "index": Entry("index", "index", "Index a repository, or bring its index up to date.", blas=True),
    "watch": Entry("watch", "watch", "Keep an index up to date while files change.", blas=True),
    "search": Entry("search", "search", "Find the code that answers a question."),
    "grep": Entry("grep", "grep", "Find every occurrence of a pattern, as ripgrep does."),
    "related": Entry("related", "related", "Find code like the code at a place."),
    "symbol": Entry("symbol", "symbol", "Show the definitions of a name, or the outline of a file."),
    "read": Entry("read", "read", "Show lines of indexed files."),
    "callers": Entry("relations", "callers", "Find who calls a definition."),
    "callees": Entry("relations", "callees", "Find what a definition calls."),
    "refs": Entry("relations", "refs", "Find every use of a definition."),
    "imports": Entry("relations", "imports", "Show what a file imports, and who imports it."),
    "impact": Entry("relations", "impact", "Find what a change may break, and the tests that reach it."),
    "path": Entry("relations", "path", "Find a chain of calls from one definition to another."),
    "map": Entry("mapping", "mapping", "Show what matters most in a repository, within a number of tokens."),
    "cycles": Entry("cycles", "cycles", "Show the cycles of imports between files."),
    "graph": Entry("graph", "graph", "Print the code graph, as a document or call by call."),
    "add": Entry("add", "add", "Give a repository a name, and index it; a URL is cloned first.", blas=True),
    "remove": Entry("add", "remove", "Forget repositories that have a name."),
    "update": Entry("add", "update", "Bring repositories that have a name up to date.", blas=True),
    "list": Entry("listing", "listing", "Show the repositories that have a name."),
    "install": Entry("install", "install", "Add semindex to the settings of coding agents."),
    "uninstall": Entry("install", "uninstall", "Take semindex out of the settings of coding agents."),
    "mcp": Entry("mcp", "mcp", "Serve coding agents by the Model Context Protocol.", blas=True),
    "serve": Entry(
        "serve", "serve", "Serve coding agents by the Model Context Protocol over HTTP.", blas=True
    ),
    "daemon": Entry("daemon", "daemon", "Start, stop or show the process that makes commands quick."),
    "status": Entry("status", "status", "Show what is indexed, how fresh and how whole."),
    "languages": Entry(
        "languages", "languages", "Show the languages, and how definitions are found in each."
    ),
    "config": Entry("config", "config", "Show each setting and where it came from."),
    "cache": Entry("cache", "cache", "Show or clear what is kept in your cache folder."),
    "eval": Entry("eval", "evaluate", "Measure search on a repository, without judgements.", blas=True),
    "clean": Entry("clean", "clean", "Remove an index."),
    "completion": Entry("completion", "completion", "Print the script that completes commands in a shell."),
    "help": Entry("help", "help", "Show the help of a command."),
}
"""In the order of the help."""
_ENDING_AT_ONCE = (
    *("search", "grep", "related", "symbol", "read"),
    *("callers", "callees", "refs", "imports", "impact", "path"),
)
"""Commands that leave nothing to be done at exit, and no process that they started."""
_THREADS = "OPENBLAS_NUM_THREADS"
"""The variable that tells numpy's OpenBLAS how many threads to start; one that is set is left alone."""


class Commands(click.Group):
    """A group that imports a command only to run it, and turns what goes wrong into an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, from its module."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        if not entry.blas and "numpy" not in sys.modules:
            # Starting them takes a third of the time of a small search, which has no use for them.
            os.environ.setdefault(_THREADS, "1")  # noqa: TID251 - numpy is told by nothing else
        command = getattr(import_module(f"{__name__}.{entry.module}"), entry.attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first word names.

        Raises:
            click.UsageError: There is none; the message has what may have been meant.
        """
        if args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            from semindex.present.cli.mistyped import meant

            raise click.UsageError(f"there is no command {args[0]!r}{meant(args, list(COMMANDS))}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in the help, without importing the commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])

    def main(
        self, args: Sequence[str] | None = None, *rest: Any, standalone_mode: bool = True, **extra: Any
    ) -> Any:
        """Run, and exit with the code (or return it, unless ``standalone_mode``)."""
        words = list(sys.argv[1:] if args is None else args)
        extra = {"prog_name": "semindex", **extra, "standalone_mode": False}
        run = partial(super().main, words, *rest, **extra)
        code = guarded(run, as_json="--json" in words[: words.index("--") if "--" in words else None])
        if standalone_mode:
            sys.exit(code)
        return code


@click.group(
    "semindex",
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, "-V", "--version", prog_name="semindex", message="%(prog)s %(version)s")
@click.pass_context
def commands(ctx: click.Context) -> int:
    """Search source code by meaning, locally: no server, no network, nothing leaves the machine.

    Exit codes are grep's: 0 found or done, 1 nothing found, 2 error.
    """
    if ctx.invoked_subcommand is None:
        if not sys.stdout.isatty():
            raise click.UsageError("which command?", ctx)
        from semindex.present.cli.help import BRIEF
        from semindex.present.stream import write

        write(BRIEF)
    return DONE


def main(*, replaced: bool = False) -> int:
    """Run the command line on the process's arguments; the exit code.

    ``replaced`` tells that a daemon of another version has just made room for one of this.
    """
    open_missing_streams()
    code = run()
    if sys.argv[1:2] and sys.argv[1] in _ENDING_AT_ONCE:
        _start_daemon(replaced=replaced)
    if code == INTERRUPTED:
        # A second ^C, while Python shuts down, would print a traceback.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    elif "numpy" in sys.modules and sys.argv[1] in _ENDING_AT_ONCE:
        # All output is written and all files are closed; taking numpy apart takes a sixth of a search.
        leave(code)
    # What is left goes with the process: looking for cycles in all modules first takes a tenth of a command.
    gc.freeze()
    return code


def run() -> int:
    """Run the command line on the process's arguments, in a process that has its streams; the exit code."""
    lose_messages_rather_than_fail()
    if sys.argv[1:2] and sys.argv[1] in _ENDING_AT_ONCE:
        # Looking for cycles among all that is imported takes longer than such a command may make any.
        gc.disable()
    code = commands.main(standalone_mode=False)
    return code if isinstance(code, int) else ERROR


def _start_daemon(*, replaced: bool) -> None:
    """Start the daemon for the commands to come, where the settings ask for it."""
    from semindex import config
    from semindex.service import starting

    with suppress(SemindexError):  # a setting that is wrong was told by the command
        wanted = config.load(None).settings.daemon
        if starting.can_run() and (wanted == "on" or (wanted == "auto" and replaced)):
            starting.start()
