"""The clients of coding agents: which files hold their servers, and what an entry looks like in each.

Held against documentation in November 2026: code.claude.com/docs/en/mcp, the manual of Codex,
cursor.com/docs/mcp, the MCP reference of code.visualstudio.com, geminicli.com, opencode.ai/docs/config,
zed.dev/docs/ai/mcp. Not found there: the file of Windsurf (others' pages name it), that of a project in
Zed, the path of VS Code's default profile. That of Cline is from its issues 7081 and 11683.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from semindex.agents.entries import Entry
from semindex.config import UserFolders

Command = Sequence[str]
"""The program that serves, and its arguments."""


def _plain(command: Command) -> dict[str, Any]:
    return {"command": command[0], "args": list(command[1:])}


def _typed(command: Command) -> dict[str, Any]:
    return {"type": "stdio", **_plain(command)}


def _listed(command: Command) -> dict[str, Any]:
    return {"type": "local", "command": list(command)}


class Place(Struct, frozen=True):
    """One settings file of a client."""

    files: tuple[Path, ...]
    """Names under which it may be; the first that exists counts, or else the first."""
    signs: tuple[Path, ...]
    """Files or folders that exist only where the client is used."""

    @property
    def file(self) -> Path:
        """The file to change."""
        return next((file for file in self.files if file.exists()), self.files[0])

    @property
    def is_found(self) -> bool:
        """Whether the client is there."""
        return any(each.exists() for each in (*self.files, *self.signs))


class Client(Struct, frozen=True):
    """A client, and how it is told of a server."""

    name: str
    title: str
    table: str
    """The key of the document's root that holds servers by name."""
    shape: Callable[[Command], Mapping[str, Any]]
    places: Callable[[UserFolders], Sequence[Place]]
    """The user's files."""
    project: tuple[str, ...] = ()
    """Names of the project's file, relative to its root; none where the client reads none."""

    def entry(self, command: Command) -> Entry:
        """What is put in."""
        return Entry(self.table, self.shape(command))

    def project_place(self, root: Path) -> Place:
        """The project's file; a folder that is named for the client is a sign of it too."""
        files = tuple(root / name for name in self.project)
        folder = files[0].parent
        return Place(files, (folder,) if folder != root else ())


def _in_home(folder: str, name: str) -> Callable[[UserFolders], Sequence[Place]]:
    def places(user: UserFolders) -> Sequence[Place]:
        return [Place((user.home / folder / name,), (user.home / folder,))]

    return places


def _claude(user: UserFolders) -> Sequence[Place]:
    folder = user.named("CLAUDE_CONFIG_DIR")
    if folder is not None:
        return [Place((folder / ".claude.json",), (folder,))]
    return [Place((user.home / ".claude.json",), (user.home / ".claude",))]


def _codex(user: UserFolders) -> Sequence[Place]:
    folder = user.named("CODEX_HOME") or user.home / ".codex"
    return [Place((folder / "config.toml",), (folder,))]


def _vscode(user: UserFolders) -> Sequence[Place]:
    folders = [user.applications / name / "User" for name in ("Code", "Code - Insiders")]
    return [Place((folder / "mcp.json",), (folder,)) for folder in folders]


def _opencode(user: UserFolders) -> Sequence[Place]:
    folder = user.config / "opencode"
    return [Place((folder / "opencode.json", folder / "opencode.jsonc"), (folder,))]


def _zed(user: UserFolders) -> Sequence[Place]:
    folder = user.zed
    return [Place((folder / "settings.json",), (folder,))]


def _cline(user: UserFolders) -> Sequence[Place]:
    """The file of the command line and of newer extensions, and that of older extensions in VS Code."""
    named = user.named("CLINE_MCP_SETTINGS_PATH")
    if named is not None:
        return [Place((named,), ())]
    name = "cline_mcp_settings.json"
    own = user.home / ".cline"
    older = user.applications / "Code" / "User" / "globalStorage" / "saoudrizwan.claude-dev"
    return [
        Place((own / "data" / "settings" / name,), (own,)),
        Place((older / "settings" / name,), (older,)),
    ]


CLIENTS = (
    Client("claude-code", "Claude Code", "mcpServers", _plain, _claude, (".mcp.json",)),
    Client("codex", "Codex", "mcp_servers", _plain, _codex, (".codex/config.toml",)),
    Client("cursor", "Cursor", "mcpServers", _plain, _in_home(".cursor", "mcp.json"), (".cursor/mcp.json",)),
    Client("vscode", "VS Code", "servers", _typed, _vscode, (".vscode/mcp.json",)),
    Client(
        "gemini",
        "Gemini CLI",
        "mcpServers",
        _plain,
        _in_home(".gemini", "settings.json"),
        (".gemini/settings.json",),
    ),
    Client("opencode", "OpenCode", "mcp", _listed, _opencode, ("opencode.json", "opencode.jsonc")),
    Client("zed", "Zed", "context_servers", _plain, _zed, (".zed/settings.json",)),
    Client("windsurf", "Windsurf", "mcpServers", _plain, _in_home(".codeium/windsurf", "mcp_config.json")),
    Client("cline", "Cline", "mcpServers", _plain, _cline),
)
BY_NAME = {client.name: client for client in CLIENTS}
