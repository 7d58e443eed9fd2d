"""``semindex install`` and ``semindex uninstall``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from semindex.agents.clients import BY_NAME
from semindex.errors import InstallError
from semindex.present.cli.options import json_option, path_argument
from semindex.present.cli.outcome import DONE, ERROR, NOTHING, tell
from semindex.present.safe import safe_message, safe_text, whole_path
from semindex.present.schema import path_object
from semindex.present.stream import write, write_json

if TYPE_CHECKING:
    from semindex.agents.installing import Change, Scope

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_SHARED = (
    path_argument,
    click.option(
        "--agent",
        "agents",
        multiple=True,
        metavar="NAME",
        type=click.Choice(list(BY_NAME)),
        help=f"Only this client: {', '.join(BY_NAME)}; repeatable.",
    ),
    click.option(
        "--scope",
        type=click.Choice(["user", "project"]),
        default="user",
        show_default=True,
        help="Your own settings, or those of the project that PATH is in.",
    ),
    click.option("--dry-run", is_flag=True, help="Show what would be changed, and change nothing."),
    click.option("--yes", is_flag=True, help="Do not ask."),
    json_option,
)


def _shared(command: Decorated) -> Decorated:
    """The options of both commands."""
    for option in reversed(_SHARED):
        command = option(command)
    return command


@click.command()
@_shared
@click.option(
    "--instructions", is_flag=True, help="Also tell agents in AGENTS.md or CLAUDE.md when to use semindex."
)
@click.option("--force", is_flag=True, help="Replace an entry of this name that has other content.")
def install(
    path: Path, agents: tuple[str, ...], scope: Scope, instructions: bool, force: bool, **how: bool
) -> int:
    """Add semindex to the settings of coding agents.

    Adds the server `semindex mcp` to the settings of all clients that are found on this machine, or of each
    --agent. Shows the changes first and asks in a terminal; needs --yes elsewhere. Nothing else in a file
    changes, and a copy of it is kept beside it, with the ending .before-semindex. Exits with 1 when the
    answer was no, and with 2 when a file had to be left alone.
    """
    from semindex.agents.installing import command_line, plan, plan_instructions

    changes = plan(agents, scope, path, command=command_line(), force=force)
    if instructions:
        changes += plan_instructions(path, taking=False, force=force)
    if not changes:
        raise InstallError(f"No client of an agent was found; name one with --agent ({', '.join(BY_NAME)}).")
    return _carried_out(changes, "install", **how)


@click.command()
@_shared
@click.option("--instructions", is_flag=True, help="Also take the paragraph out of AGENTS.md and CLAUDE.md.")
def uninstall(path: Path, agents: tuple[str, ...], scope: Scope, instructions: bool, **how: bool) -> int:
    """Take semindex out of the settings of coding agents.

    Takes out what `semindex install` put in, and nothing else: a file that was not changed since is what it
    was before, byte for byte, and one that holds nothing else is removed. Asks as install does.
    """
    from semindex.agents.installing import plan, plan_instructions

    changes = plan(agents, scope, path, command=None)
    if instructions:
        changes += plan_instructions(path, taking=True)
    return _carried_out(changes, "uninstall", **how)


def _carried_out(changes: Sequence[Change], verb: str, *, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Show the changes, ask, make them, and tell the exit code."""
    from semindex.agents.installing import apply

    wanted = [change for change in changes if change.is_change]
    code = ERROR if any(change.action == "refused" for change in changes) else DONE
    if not as_json:
        _show(changes, verb)
    told = partial(_told, changes, as_json=as_json)
    if dry_run or not wanted:
        return told(code, made=False)
    if not yes and not sys.stdin.isatty():
        tell(f"nothing was written: nobody can be asked here; to go on: semindex {verb} --yes ...")
        return told(ERROR, made=False)
    if not yes and not click.confirm(f"Change {len(wanted)} of these files?", err=True):
        tell("nothing was written.")
        return told(NOTHING, made=False)
    apply(wanted)
    if not as_json:
        copies = [change.path.name for change in wanted if change.backup is not None]
        kept = "; the former content of each is beside it, in NAME.before-semindex" if copies else ""
        files = "1 file" if len(wanted) == 1 else f"{len(wanted)} files"
        write(f"{files} changed{kept}. Restart the agents that are open.")
    return told(code, made=True)


def _show(changes: Sequence[Change], verb: str) -> None:
    """The changes as diffs, and a line for each file that stays as it is."""
    from semindex.agents.installing import difference

    for change in changes:
        if change.is_change:
            write(safe_text(difference(change)).rstrip("\n"))
            if change.note:
                write(f"# {safe_message(str(change.path))} {safe_message(change.note)}")
        elif change.action == "refused":
            tell(f"{change.agent}: {change.path} {change.note}.")
        else:
            write(f"{change.agent}: {safe_message(str(change.path))} {change.note}")
    if not changes:
        write(f"nothing to {verb}: no client of an agent was found")


def _told(changes: Sequence[Change], code: int, *, made: bool, as_json: bool) -> int:
    """The code, after the object that ``--json`` prints."""
    from semindex.agents.installing import difference

    if as_json:
        files = [
            {
                "agent": change.agent,
                **path_object(str(change.path)),
                "action": change.action,
                "note": change.note,
                "copy": whole_path(str(change.copy)) if change.backup is not None else None,
                "diff": difference(change) if change.is_change else "",
            }
            for change in changes
        ]
        write_json({"written": made, "files": files})
    return code
