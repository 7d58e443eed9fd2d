"""``semindex daemon``."""

from __future__ import annotations

import os
import sys
from collections import deque
from typing import TYPE_CHECKING

import click

from semindex import config
from semindex.errors import SemindexError, ServiceError
from semindex.present.cli.options import json_option
from semindex.present.cli.outcome import DONE, NOTHING, tell
from semindex.present.render import count, duration
from semindex.present.safe import safe_line
from semindex.present.stream import write, write_json
from semindex.service import starting, wire

if TYPE_CHECKING:
    import _socket  # noqa: TID251 - the type

    from semindex.service.daemon import Daemon, Held, State
    from semindex.service.session import Pages

LOG_LINES = 50
_OFF = "off"
_STATUS = ["daemon", "status"]
_NONE = "no daemon runs; `semindex daemon start` starts one"

_daemon: Daemon | None = None
"""In a process that the daemon has forked: the daemon as it was then."""


@click.group(invoke_without_command=True)
@click.pass_context
def daemon(ctx: click.Context) -> int:
    """Start, stop or show the process that makes commands quick.

    It has everything loaded, and runs searches for the command line and sessions of coding agents. Agents'
    sessions start it when it is needed, and it leaves when nobody has asked for DAEMON_IDLE_MINUTES. Every
    command works without it; DAEMON = "off" never uses it.
    """
    if ctx.invoked_subcommand is None:
        raise click.UsageError("which command?", ctx)
    return DONE


@daemon.command()
def start() -> int:
    """Start the daemon, unless one runs."""
    _require_what_it_needs()
    process = starting.running()
    if process is not None and starting.listens():
        write(f"the daemon runs already, as process {process}")
        return DONE
    starting.start()
    write(f"the daemon runs, as process {starting.wait_until_it_listens()}")
    return DONE


@daemon.command()
def stop() -> int:
    """Stop the daemon; commands that it runs go on to their end."""
    starting.require_system()
    process = starting.stop()
    write(_NONE if process is None else f"the daemon, process {process}, has left")
    return NOTHING if process is None else DONE


@daemon.command()
@click.pass_context
def restart(ctx: click.Context) -> int:
    """Stop the daemon if one runs, and start another."""
    _require_what_it_needs()
    starting.stop()
    starting.start()
    write(f"the daemon runs, as process {starting.wait_until_it_listens()}")
    return DONE


@daemon.command()
@json_option
def status(*, as_json: bool) -> int:
    """Show whether a daemon runs, what it holds and uses."""
    starting.require_system()
    state = _daemon.state() if _daemon is not None else None
    if as_json:
        from msgspec import to_builtins

        write_json({"running": state is not None, **(to_builtins(state) if state is not None else {})})
        return DONE if state is not None else NOTHING
    if state is not None:
        write("\n".join(_lines(state)))
        return DONE
    process = starting.running()
    if process is not None:
        raise ServiceError(
            f"a daemon runs, as process {process}, and did not answer; `semindex daemon restart` replaces it"
        )
    write(_NONE)
    return NOTHING


@daemon.command()
@click.option(
    "-n",
    "--lines",
    metavar="N",
    type=click.IntRange(min=1),
    default=LOG_LINES,
    show_default=True,
    help="How many lines, the newest last.",
)
def logs(lines: int) -> int:
    """Print what the daemon wrote to its log."""
    starting.require_system()
    place = wire.folder(config.variables())
    try:
        with open(place.log, encoding="utf-8", errors="replace") as log:  # noqa: PTH123
            shown = [safe_line(line.rstrip("\n")) for line in deque(log, maxlen=lines)]
    except FileNotFoundError:
        tell(f"there is no log at {place.log}: no daemon has run")
        return NOTHING
    if shown:
        write("\n".join(shown))
    return DONE if shown else NOTHING


@daemon.command()
@click.option("--quiet", is_flag=True, help="Do not tell that it listens.")
def run(*, quiet: bool) -> int:
    """Run the daemon in the foreground, as a service manager does."""
    starting.require_system()
    from semindex.present.cli.forked import preload
    from semindex.service.daemon import Daemon

    serving = Daemon(config.load(None).settings, _forked, _rehearse)
    preload()

    def listens() -> None:
        if not quiet:
            tell(f"listens at {serving.folder.socket}; ^C ends it")

    serving.serve(listens)
    return DONE


def _require_what_it_needs() -> None:
    """Raise what a daemon that is started in the background could tell only its log."""
    starting.require_system()
    config.load(None)
    starting.make_folder(wire.folder(config.variables()))


def _forked(connection: _socket.socket, of: Daemon) -> None:
    """Run a client's command, in a process that was forked for it."""
    global _daemon
    _daemon = of
    from semindex.service.session import serve

    def run(pages: Pages) -> int:
        if sys.argv[1:3] != _STATUS:
            of.begins()
        return _run(pages)

    serve(
        connection,
        run,
        serves=_serves,
        environment=os.environ,  # noqa: TID251 - becomes that of the client
        replace=of.replace,
    )


def _rehearse(example: Held) -> None:
    """Run a search of an index, in a process that waits for a client."""
    from semindex.index import REHEARSED
    from semindex.present.cli import run as run_command

    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):
        os.dup2(nowhere, stream)
    os.close(nowhere)
    sys.argv = ["semindex", "search", REHEARSED, example.root]
    sys.argv += ["--index-dir", example.index_dir, "--no-refresh"]
    run_command()


def _serves(request: wire.Request) -> bool:
    """Whether the user's settings let the daemon run commands; asked with their environment in place."""
    if request.arguments[1:3] == _STATUS:
        return True
    try:
        return config.load(None).settings.daemon != _OFF
    except SemindexError:
        return False  # the client says what is wrong with them


def _run(pages: Pages) -> int:
    from semindex.present.cli import run as run_command
    from semindex.present.pager import run_by

    run_by(pages.show)
    return run_command()


def _lines(state: State) -> list[str]:
    lines = [
        f"process      {state.process}, version {state.version}",
        f"runs for     {duration(state.running_seconds)}; {count(state.commands, 'command')}, "
        f"{state.at_work} at work",
        f"memory       {state.memory_mb:,.0f} of {state.most_memory_mb:,} MB (DAEMON_MEMORY_MB)",
        f"leaves       when nobody has asked for {count(state.idle_minutes, 'minute')}",
        f"socket       {safe_line(state.socket)}",
        f"log          {safe_line(state.log)}",
    ]
    lines += [
        f"holds open   {safe_line(held.root)}  {count(held.files, 'file')}, asked "
        f"{duration(held.asked_seconds_ago)} ago"
        for held in state.indexes
    ]
    lines += [f"watches      {safe_line(root)}" for root in state.watched]
    lines += [f"hears of     {safe_line(root)}" for root in state.heard]
    return lines
