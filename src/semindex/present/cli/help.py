"""``semindex help``, and what ``semindex`` says in a terminal when it is given nothing to do."""

import click

from semindex.present.cli.completing import commands, offered
from semindex.present.cli.outcome import DONE
from semindex.present.stream import write

BRIEF = """\
semindex searches source code by meaning; no byte leaves this machine.

  semindex search "how are cookies signed"        words
  semindex search parse_cookie                    a name: its definition first
  semindex search 'cookie lang:python -path:tests'
  semindex search "KeyError: 'session'"           a message, or a pasted line
  semindex related src/app.py:120                 code like the code at a line
  semindex status                                 what is indexed

A search indexes what is not indexed yet.
`semindex help` lists all commands; `semindex help search` the options of one."""


@click.command("help")
@click.argument("names", nargs=-1, metavar="[COMMAND]...", shell_complete=offered(commands))
@click.pass_context
def help(ctx: click.Context, names: tuple[str, ...]) -> int:
    """Show the help of a command.

    COMMAND is a command, as in `semindex help search`, with its part, as in `semindex help cache stats`.
    Without it all commands are listed.
    """
    shown = ctx.find_root()
    for name in names:
        group = shown.command
        command = group.get_command(shown, name) if isinstance(group, click.Group) else None
        if command is None:
            raise click.UsageError(f"{shown.command_path} has no command {name!r}", shown)
        shown = click.Context(command, shown, info_name=name)
    write(shown.get_help())
    return DONE
