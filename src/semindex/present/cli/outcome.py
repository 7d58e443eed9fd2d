"""Exit codes, and how errors are told: in one message, without a traceback when we raised them ourselves."""

import sys
from collections.abc import Callable

import click

from semindex.errors import NotIndexed, SemindexError
from semindex.present.safe import safe_message
from semindex.present.schema import error_object
from semindex.present.stream import ReaderGone, let_every_character_through, silence, write_json

DONE = 0
NOTHING = 1
ERROR = 2
INTERRUPTED = 130
"""128 + SIGINT, as a shell reports it."""
CLOSED = 141
"""128 + SIGPIPE: the reader went away, as after ``| head``."""


class NoFiles(NotIndexed):
    """There is nothing to search: a folder without files. No mistake, so the exit code is that of no hit."""


def guarded(run: Callable[[], object], *, as_json: bool) -> int:
    """The exit code of ``run()``, which returns one; its errors become a message and a code."""
    let_every_character_through()
    try:
        code = run()
        sys.stdout.flush()
        return code if isinstance(code, int) else DONE
    except click.Abort:
        return _failed("interrupted; what was committed before stays.", INTERRUPTED)
    except click.ClickException as error:
        message = usage(error)
        return _failed_as_json("UsageError", message) if as_json else _failed(message, ERROR)
    except NoFiles as error:
        kind, message = NotIndexed.__name__, str(error)
        return _failed_as_json(kind, message, NOTHING) if as_json else _failed(message, NOTHING)
    except SemindexError as error:
        kind, message = type(error).__name__, str(error)
        return _failed_as_json(kind, message) if as_json else _failed(message, ERROR)
    except (ReaderGone, BrokenPipeError):
        silence()
        return CLOSED
    except OSError as error:
        # A full disk behind standard output, a folder that vanished: no mistake of the program.
        silence()
        where = f": {error.filename}" if error.filename else ""
        return _failed(f"{error.strerror or error}{where}", ERROR)


def tell(message: str) -> None:
    """Write a message to standard error, with the program's name in front."""
    sys.stderr.write(f"semindex: {safe_message(message)}\n")
    sys.stderr.flush()


def usage(error: click.ClickException) -> str:
    """Click's message as one of ours: one line without a capital or full stops, and last what helps."""
    near: list[str] = getattr(error, "possibilities", None) or []
    message = " ".join((error.message if near else error.format_message()).split()).rstrip(".")
    if message[1:2].islower():
        message = message[0].lower() + message[1:]
    if near:
        message += f" (did you mean {' or '.join(near[:2])}?)"
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    return f"{message}; see: {ctx.command_path} --help" if ctx else message


def _failed(message: str, code: int) -> int:
    tell(message)
    return code


def _failed_as_json(kind: str, message: str, code: int = ERROR) -> int:
    try:
        write_json(error_object(kind, safe_message(message)))
        sys.stdout.flush()
    except (ReaderGone, BrokenPipeError):
        silence()
        return CLOSED
    except OSError:
        silence()
        return _failed(message, ERROR)
    return code
