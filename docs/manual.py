"""Writes the manual page ``docs/semindex.1`` of the commands as they are: ``python docs/manual.py``.

The wheel installs the page in ``share/man/man1``. A test checks that it is up to date.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from semindex import __version__
from semindex.present.cli import COMMANDS, commands

PAGE = Path(__file__).with_name("semindex.1")
_OPENING = r"""
.nh
.ad l
.SH NAME
semindex \- search source code by meaning, locally
.SH SYNOPSIS
.B semindex
.I COMMAND
.RI [ OPTION "]... [" ARGUMENT ]...
.SH DESCRIPTION
.B semindex
answers questions about source code with the lines that answer them.
A query has words, names, "quoted phrases" and filters.
A folder that is searched is indexed first.
No server, model or network is needed, and nothing leaves the machine.
.SH COMMANDS
"""
_CLOSING = r"""
.SH FILTERS
.TP
.BR lang:go ", " \-t " " go
files of a language
.TP
.BR path:src/** ", " \-g " " src/**
files that match a glob, or lie below a folder
.TP
.BR \-path:tests ", " \-\-exclude " " tests
all files but these
.TP
.BR kind:function ", " \-\-kind " " function
functions, methods, classes, sections and others
.TP
.BR symbol:main ", " \-\-symbol " " main
places where a definition of that name begins
.TP
.BR repo:flask ", " \-\-repo " " flask
repositories to which
.B semindex add
gave that name
.TP
.B \(dqexact words\(dq
files whose text contains the phrase
.SH EXIT STATUS
0 when something was found or done, 1 when nothing was found, 2 after an error, as of
.BR grep (1).
.SH ENVIRONMENT
.TP
.BI SEMINDEX_ SETTING
The value of a setting, such as
.BR SEMINDEX_MAX_MEMORY_MB ;
.B semindex config
lists them.
.TP
.B SEMINDEX_CONFIG
The configuration file that is read instead of the user's.
.TP
.BR SEMINDEX_PAGER ", " PAGER
The command that shows what is longer than the terminal;
.B cat
for none, without both
.BR less (1).
.TP
.BR NO_COLOR ", " FORCE_HYPERLINK
No colours; links in a terminal (1) or none (0).
.SH FILES
.TP
.I .semindex/
The index, in the root of the repository.
.TP
.I .semindexignore
What is not indexed, written as in
.BR gitignore (5).
.TP
.I .semindex.toml
The repository's settings.
.TP
.I ~/.config/semindex/semindex.toml
The user's settings, on Linux.
.TP
.I ~/.config/semindex/repositories.json
The names of the user's repositories, on Linux;
.B SEMINDEX_REPOSITORIES
names another file.
.SH EXAMPLES
.nf
semindex search \(dqhow are cookies signed\(dq
semindex search \(aqFlask.run lang:python \-path:tests\(aq
semindex related src/app.py:120
semindex symbol Server.start
semindex read src/app.py:10-40
semindex add https://github.com/pallets/flask
semindex search \(dqsign a cookie\(dq \-\-repo flask
semindex search \(dqsession store\(dq \-\-rev v2.3
semindex search \-\-history \(dqwhy are uploads retried\(dq
.fi
.SH SEE ALSO
.BR git\-grep (1),
.BR rg (1)
"""


def page() -> str:
    """The manual page in roff, with the man macros."""
    root = click.Context(commands, info_name="semindex")
    lines = ['.\\" Written by docs/manual.py.', f'.TH SEMINDEX 1 "" "semindex {__version__}" "User Commands"']
    lines += _OPENING.strip().split("\n")
    for name in COMMANDS:
        command = commands.get_command(root, name)
        assert command is not None
        lines += _described(command, click.Context(command, root, info_name=name))
    return "\n".join([*lines, *_CLOSING.strip().split("\n")]) + "\n"


def _described(command: click.Command, ctx: click.Context) -> Iterator[str]:
    """A command's section: its usage, its help, its options, then its own commands."""
    usage = " ".join([ctx.command_path, *command.collect_usage_pieces(ctx)])
    yield f".SS {escaped(usage)}"
    for number, paragraph in enumerate((command.help or "").split("\n\n")):
        if number:
            yield ".PP"
        yield escaped(" ".join(paragraph.split()))
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if isinstance(parameter, click.Option) and record is not None and "--help" not in parameter.opts:
            yield ".TP"
            yield f".B {escaped(record[0])}"
            yield escaped(" ".join(record[1].split()))
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            inner = command.get_command(ctx, name)
            assert inner is not None
            yield from _described(inner, click.Context(inner, ctx, info_name=name))


def escaped(text: str) -> str:
    """A line of text as roff takes it: nothing in it is a request, and hyphens are those that are typed."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq").replace("`", "\\(ga")
    text = text.replace("'", "\\(aq").replace("^", "\\(ha").replace("~", "\\(ti")
    return re.sub(r"^\.", r"\\&.", text)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
