"""``semindex serve``."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from semindex import config
from semindex.errors import UsageError
from semindex.present.cli.mcp import require_folders, roots_option, tools_option
from semindex.present.cli.outcome import tell
from semindex.present.cli.signals import ended_by_signals

if TYPE_CHECKING:
    from semindex.present.mcp.access import Access
    from semindex.present.mcp.listening import Address

HOST = "127.0.0.1"
PORT = 8740
TOKEN_VARIABLE = "SERVE_TOKEN_VARIABLE"


@click.command()
@roots_option
@click.option(
    "--host",
    default=HOST,
    show_default=True,
    metavar="HOST",
    help="The address to listen at. One that other machines can reach needs a token.",
)
@click.option(
    "--port",
    default=PORT,
    show_default=True,
    metavar="N",
    type=click.IntRange(0, 65535),
    help="The port; 0 for any that is free.",
)
@click.option(
    "--token-file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Ask clients for the token in this file: Authorization: Bearer TOKEN.",
)
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="Let pages of this server ask and read answers, as in https://example.org; repeatable.",
)
@click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    metavar="NAME",
    help="Answer to this name too, as behind a proxy; repeatable.",
)
@tools_option
def serve(
    roots: tuple[Path, ...],
    host: str,
    port: int,
    token_file: Path | None,
    origins: tuple[str, ...],
    hosts: tuple[str, ...],
    also: tuple[str, ...],
) -> NoReturn:
    """Serve coding agents by the Model Context Protocol over HTTP.

    Agents ask it at /mcp, several at once; see docs/agents.md for what to write into their settings. It
    runs until ^C, or until it is told to terminate. Nothing outside of the roots is read. Whoever can log
    in to this machine can reach it; a token keeps others out.
    """
    from semindex.present.mcp.http import McpEndpoint
    from semindex.present.mcp.listening import WebServer, listening, looked_up, url
    from semindex.present.mcp.tools import CodeTools
    from semindex.process.leaving import leave

    logging.disable(logging.CRITICAL)  # libraries would print tracebacks, with paths and queries in them
    require_folders(roots)
    address = looked_up(host, port)
    access = _access(address, host, _token(token_file), origins, hosts)
    tools = CodeTools(roots or (Path(),), also)
    server = WebServer(McpEndpoint(tools, access, tell))
    with ended_by_signals(server.stop), listening(address) as listener:
        if not address.is_loopback:
            tell(_exposed(roots or (Path(),)))
        tell(f"listening at {url(host, listener)}")
        tools.warm()
        server.run(sockets=[listener])
    # A build may be at work on another thread; what it committed stays, and the next one goes on from there.
    leave(0)


def _access(
    address: Address, host: str, token: str | None, origins: Sequence[str], hosts: Sequence[str]
) -> Access:
    """Who may ask.

    Raises:
        UsageError: Other machines can reach the server, and there is no token; a name or origin is none.
    """
    from semindex.present.mcp.access import Access, checked_host, checked_origin

    if token is None and not address.is_loopback:
        raise UsageError(
            f"other machines can reach {host}, so a token is needed: give --token-file FILE, or name an "
            f"environment variable that holds it in {TOKEN_VARIABLE}"
        )
    names = {checked_host(each) for each in hosts} | {address.host, host.lower()}
    return Access(
        hosts=frozenset(names),
        any_address=address.is_every,
        origins=frozenset(map(checked_origin, origins)),
        token=token,
    )


def _token(file: Path | None) -> str | None:
    """The token of the file, or else of the variable that the setting names.

    Raises:
        UsageError: There is none in it, or none that can be used.
    """
    from semindex.present.mcp.access import MOST_TOKEN_CHARS, checked_token

    if file is None:
        variable = config.load(None).settings.serve_token_variable
        token = config.secret(variable, setting=TOKEN_VARIABLE)
        return None if token is None else checked_token(token, f"the environment variable {variable}")
    try:
        with file.open("rb") as opened:
            text = opened.read(MOST_TOKEN_CHARS + 10).decode("utf-8", "replace")
            readable = os.name == "posix" and os.fstat(opened.fileno()).st_mode & 0o077
    except OSError as error:
        raise UsageError(f"the token cannot be read: {file}: {error.strerror}") from None
    if readable:
        tell(f"other users of this machine may read the token in {file}; chmod 600 {file} keeps them out")
    return checked_token(text, str(file))


def _exposed(roots: Sequence[Path]) -> str:
    """What a server gives away that other machines can reach."""
    folders = ", ".join(str(root.absolute()) for root in roots)
    return (
        "other machines that can reach this address and know the token can search and read the code in "
        f"{folders}; nothing that is sent is encrypted, so use it in a network that you trust, or behind a "
        "proxy with TLS"
    )
