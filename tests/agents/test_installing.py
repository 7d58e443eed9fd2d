"""The commands on real files of each client, in a home folder that a test makes."""

from __future__ import annotations

import json
import os
import stat
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from semindex.agents import installing, jsonc
from semindex.agents.clients import BY_NAME, CLIENTS
from semindex.agents.paragraph import BEGIN, END
from semindex.config import user_folders
from semindex.errors import InstallError
from semindex.present.cli import commands

FILES = {
    "claude-code": (
        ".claude.json",
        b'{\n  "numStartups": 41,\n  "projects": {\n    "/w": {"mcpServers": {"semindex": {"command": "o"}}}'
        b'\n  },\n  "mcpServers": {}\n}',
    ),
    "codex": (
        ".codex/config.toml",
        "model = \"o\"  # größer\r\n\r\n[mcp_servers.docs]\r\ncommand = 'docs'\r\n".encode(),
    ),
    "cursor": (".cursor/mcp.json", b'{"mcpServers":{"a":{"command":"npx","args":["-y","a"]}}}\n'),
    "vscode": (
        ".config/Code/User/mcp.json",
        b'\xef\xbb\xbf{\r\n\t// servers\r\n\t"servers": {\r\n\t\t"a": {"type": "http", "url": "https://x//y"},\r\n\t},'
        b'\r\n\t"inputs": [],\r\n}\r\n',
    ),
    "gemini": (
        ".gemini/settings.json",
        b'{\n    "theme": "Dracula", /* dark */\n    "a": ["mcpServers"]\n}\n',
    ),
    "opencode": (
        ".config/opencode/opencode.jsonc",
        b'{\n  "$schema": "https://opencode.ai/config.json",\n}\n',
    ),
    "zed": (
        ".config/zed/settings.json",
        '// Zed\n//\n{\n      "theme": "Größe",\n  "context_servers": { // mine\n    // about a\n    "a": '
        '{"command": "a"} // no comma\n  }\n}\n'.encode(),
    ),
    "windsurf": (".codeium/windsurf/mcp_config.json", b""),
    "cline": (".cline/data/settings/cline_mcp_settings.json", b'{\n  "mcpServers": {\n    \n  }\n}'),
}
"""A file of each client, below the home folder."""
PROGRAM = "/opt/ours/semindex"
COMMAND = [PROGRAM, "mcp"]
FOUND_COMMAND = installing.command_line


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder; the program is at a path of its own."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    for name in ("XDG_CONFIG_HOME", "APPDATA", "CODEX_HOME", "CLAUDE_CONFIG_DIR", "CLINE_MCP_SETTINGS_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(installing, "command_line", lambda: COMMAND)
    return home


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git work tree, in which the command runs."""
    root = tmp_path / "project"
    (root / ".git").mkdir(parents=True)
    (root / "src").mkdir()
    monkeypatch.chdir(root / "src")
    return root


def run(*words: str, answer: str | None = None) -> Result:
    """A command, in a terminal when there is an answer."""
    return CliRunner().invoke(commands, list(words), input=answer)


def fill(home: Path) -> dict[Path, bytes]:
    for name, data in FILES.values():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(data)
    return content(home)


def content(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def entry_in(file: Path, table: str) -> Any:
    text = file.read_text("utf-8-sig")
    document = tomllib.loads(text) if file.suffix == ".toml" else jsonc.value_of(text)
    return document.get(table, {}).get("semindex")


def test_every_client_has_a_file_here() -> None:
    assert list(FILES) == [client.name for client in CLIENTS]


def test_all_clients_are_found_and_left_as_they_were_to_the_byte(home: Path) -> None:
    before = fill(home)
    done = run("install", "--yes")
    assert done.exit_code == 0, done.output
    for client in CLIENTS:
        assert entry_in(home / FILES[client.name][0], client.table) == dict(client.shape(COMMAND))
    copies = {file.with_name(file.name + ".before-semindex"): data for file, data in before.items()}
    assert {file: data for file, data in content(home).items() if file in copies} == copies
    assert run("uninstall", "--yes").exit_code == 0
    assert content(home) == before


def test_what_each_client_reads_is_what_its_documentation_has() -> None:
    assert dict(BY_NAME["claude-code"].shape(COMMAND)) == {"command": PROGRAM, "args": ["mcp"]}
    assert dict(BY_NAME["vscode"].shape(COMMAND)) == {"type": "stdio", "command": PROGRAM, "args": ["mcp"]}
    assert dict(BY_NAME["opencode"].shape(COMMAND)) == {"type": "local", "command": COMMAND}


def test_installing_twice_changes_nothing(home: Path) -> None:
    fill(home)
    run("install", "--yes")
    once = content(home)
    again = run("install")
    assert again.exit_code == 0
    assert again.output.count("has it already") == len(CLIENTS)
    assert content(home) == once


def test_a_dry_run_shows_the_change_and_makes_none(home: Path) -> None:
    before = fill(home)
    done = run("install", "--dry-run", "--agent", "cursor")
    assert done.exit_code == 0
    assert f'+{{"mcpServers":{{"semindex": {{"command": "{PROGRAM}", "args": ["mcp"]}}, "a":' in done.output
    assert content(home) == before


def test_where_nobody_can_be_asked_nothing_is_written(home: Path) -> None:
    before = fill(home)
    done = run("install")
    assert done.exit_code == 2
    assert "+++" in done.output and "install --yes" in done.output
    assert content(home) == before


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1)])
def test_in_a_terminal_it_asks(home: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int) -> None:
    before = fill(home)

    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("semindex.present.cli.install.sys", type("sys", (), {"stdin": Terminal()}))
    monkeypatch.setattr(click, "confirm", lambda *_, **__: answer == "y\n")
    done = run("install", "--agent", "zed")
    assert done.exit_code == code, done.output
    assert (content(home) == before) == bool(code)


def test_a_file_that_was_not_there_goes_again_and_is_its_owners(home: Path) -> None:
    (home / ".cursor").mkdir()
    assert run("install", "--yes").exit_code == 0
    file = home / ".cursor" / "mcp.json"
    assert content(home).keys() == {file}
    assert json.loads(file.read_bytes()) == {
        "mcpServers": {"semindex": {"command": PROGRAM, "args": ["mcp"]}}
    }
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert run("uninstall", "--yes").exit_code == 0
    assert content(home) == {}


def test_without_any_client_there_is_a_remedy(home: Path) -> None:
    done = run("install", "--yes")
    assert done.exit_code == 2 and "--agent" in done.output
    assert run("uninstall", "--yes").exit_code == 0
    assert run("install", "--yes", "--agent", "codex").exit_code == 0
    assert content(home).keys() == {home / ".codex" / "config.toml"}


def test_changes_of_others_stay_when_the_entry_goes(home: Path) -> None:
    fill(home)
    run("install", "--yes")
    zed, codex = home / FILES["zed"][0], home / FILES["codex"][0]
    zed.write_bytes(zed.read_bytes().replace(b"// about a\n", b'// new\n    "new": {}, // n\n'))
    codex.write_bytes(codex.read_bytes() + b"\r\n[later]\r\n")
    done = run("uninstall", "--yes")
    assert done.exit_code == 0 and "settings.json.before-semindex is kept" in done.output
    assert zed.read_bytes() == FILES["zed"][1].replace(b"// about a\n", b'// new\n    "new": {}, // n\n')
    assert codex.read_bytes() == FILES["codex"][1] + b"\r\n[later]\r\n"


def test_a_file_that_its_client_wrote_anew_is_restored_if_it_held_nothing_else(home: Path) -> None:
    before = fill(home)
    run("install", "--yes", "--agent", "cline")
    file = home / FILES["cline"][0]
    file.write_text(json.dumps(json.loads(file.read_bytes()), indent=2))
    assert run("uninstall", "--yes", "--agent", "cline").exit_code == 0
    assert content(home) == before


def test_other_content_is_replaced_by_force_only_and_comes_back(home: Path) -> None:
    file = home / ".cursor" / "mcp.json"
    file.parent.mkdir()
    file.write_bytes(b'{"mcpServers": {"semindex" : {"command": "mine",  "args": []}}}')
    before = content(home)
    done = run("install", "--yes")
    assert done.exit_code == 2 and "--force" in done.output
    assert content(home) == before
    assert run("install", "--yes", "--force").exit_code == 0
    assert entry_in(file, "mcpServers") == {"command": PROGRAM, "args": ["mcp"]}
    assert run("uninstall", "--yes").exit_code == 0
    assert content(home) == before


def test_an_older_installation_is_replaced_by_force_and_does_not_come_back(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fill(home)
    run("install", "--yes")
    monkeypatch.setattr(installing, "command_line", lambda: ["/new/semindex", "mcp"])
    assert run("install", "--yes").exit_code == 2
    assert run("install", "--yes", "--force").exit_code == 0
    assert entry_in(home / FILES["codex"][0], "mcp_servers")["command"] == "/new/semindex"
    assert run("uninstall", "--yes").exit_code == 0
    assert content(home) == before


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"mcpServers": }', "is not JSON, in line 1"),
        (b'{"mcpServers": []}', "something else than an object"),
        (b'{"a": "\xff"}', "not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_left_alone_and_others_are_changed(
    home: Path, data: bytes, reason: str
) -> None:
    fill(home)
    file = home / ".cursor" / "mcp.json"
    file.write_bytes(data)
    done = run("install", "--yes")
    assert done.exit_code == 2
    assert reason in done.output and "Traceback" not in done.output
    assert file.read_bytes() == data and not file.with_name("mcp.json.before-semindex").exists()
    assert entry_in(home / FILES["zed"][0], "context_servers")


@pytest.mark.skipif(os.name == "nt", reason="links and FIFOs")
def test_links_and_what_is_no_file_are_left_alone(home: Path, project: Path) -> None:
    outside = home / "outside.json"
    outside.write_text("{}")
    (home / ".cursor").mkdir()
    (home / ".cursor" / "mcp.json").symlink_to(outside)
    (home / ".gemini").mkdir()
    os.mkfifo(home / ".gemini" / "settings.json")
    done = run("install", "--yes")
    assert done.exit_code == 2
    assert f"is a link to {outside}" in done.output and "no regular file" in done.output
    (project / ".vscode").symlink_to(home)
    inside = run("install", "--yes", "--scope", "project", "--agent", "vscode")
    assert inside.exit_code == 2 and "outside of the project" in inside.output
    assert outside.read_text() == "{}" and not (home / "mcp.json").exists()


def test_permissions_stay_and_a_copy_has_them_too(home: Path) -> None:
    fill(home)
    file = home / FILES["claude-code"][0]
    file.chmod(0o640)
    run("install", "--yes", "--agent", "claude-code")
    modes = {stat.S_IMODE(each.stat().st_mode) for each in home.glob(".claude.json*")}
    assert modes == {0o640}


def test_a_file_that_changes_between_question_and_writing_is_not_overwritten(home: Path) -> None:
    fill(home)
    changes = installing.plan(["zed"], "user", home, command=COMMAND)
    file = home / FILES["zed"][0]
    file.write_text("{}")
    with pytest.raises(InstallError, match="changed by another program"):
        installing.apply(changes)
    assert file.read_text() == "{}"


@pytest.mark.parametrize(
    ("platform", "vscode", "zed"),
    [
        ("linux", ".config/Code/User/mcp.json", ".config/zed/settings.json"),
        ("darwin", "Library/Application Support/Code/User/mcp.json", ".config/zed/settings.json"),
        ("win32", "AppData/Roaming/Code/User/mcp.json", "AppData/Roaming/Zed/settings.json"),
    ],
)
def test_each_system_has_its_own_places(
    home: Path, monkeypatch: pytest.MonkeyPatch, platform: str, vscode: str, zed: str
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    user = user_folders()
    assert BY_NAME["vscode"].places(user)[0].file == home / vscode
    assert BY_NAME["zed"].places(user)[0].file == home / zed
    assert BY_NAME["opencode"].places(user)[0].file == home / ".config" / "opencode" / "opencode.json"


def test_folders_that_the_environment_names_are_used(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = {
        "CODEX_HOME": ("codex", "config.toml"),
        "CLAUDE_CONFIG_DIR": ("claude-code", ".claude.json"),
        "XDG_CONFIG_HOME": ("zed", "zed/settings.json"),
    }
    for variable, (client, file) in named.items():
        monkeypatch.setenv(variable, str(home / variable))
        assert BY_NAME[client].places(user_folders())[0].file == home / variable / file
    monkeypatch.setenv("CLINE_MCP_SETTINGS_PATH", str(home / "c.json"))
    assert [place.file for place in BY_NAME["cline"].places(user_folders())] == [home / "c.json"]
    monkeypatch.setenv("CODEX_HOME", "relative")
    assert BY_NAME["codex"].places(user_folders())[0].file == home / ".codex" / "config.toml"


PROJECT_FILES = [
    ".mcp.json",
    ".codex/config.toml",
    ".cursor/mcp.json",
    ".vscode/mcp.json",
    ".gemini/settings.json",
    "opencode.json",
    ".zed/settings.json",
]


def test_a_project_has_files_of_its_own(home: Path, project: Path) -> None:
    before = fill(home)
    assert run("install", "--yes", "--scope", "project").exit_code == 0
    assert content(project).keys() == {project / name for name in PROJECT_FILES}
    assert content(home) == before
    assert stat.S_IMODE((project / ".mcp.json").stat().st_mode) & 0o044 or os.umask(0o022) & 0o044
    assert run("uninstall", "--yes", "--scope", "project").exit_code == 0
    assert sorted(each.name for each in project.iterdir()) == [".git", "src"]


def test_a_client_without_settings_of_projects_says_so(project: Path) -> None:
    done = run("install", "--yes", "--scope", "project", "--agent", "windsurf")
    assert done.exit_code == 2 and "--scope user" in done.output


def test_as_json_there_is_one_object(home: Path) -> None:
    fill(home)
    done = run("install", "--yes", "--json")
    shown = json.loads(done.stdout)
    assert shown["written"] is True
    assert [file["agent"] for file in shown["files"]] == list(FILES)
    assert {file["action"] for file in shown["files"]} == {"write"}
    assert all(Path(file["copy"]).read_bytes() == FILES[file["agent"]][1] for file in shown["files"])
    asked = CliRunner().invoke(commands, ["uninstall", "--json"])
    assert asked.exit_code == 2 and json.loads(asked.stdout)["written"] is False


def test_tokens_of_other_servers_are_not_shown(home: Path) -> None:
    token = "ghp_" + "a8Xk3LmQ9zR7tV2wY5bN1cD4eF6gH0jK2pS8"
    (home / ".cursor").mkdir()
    (home / ".cursor" / "mcp.json").write_text(json.dumps({"mcpServers": {"a": {"env": {"T": token}}}}))
    done = run("install", "--dry-run")
    assert done.exit_code == 0 and token not in done.output and "semindex" in done.output


@pytest.mark.parametrize("text", [None, "", "# Rules\n", "# Rules", "a\r\nb\r\n", "\n\n", "\ufeff# R\n"])
@pytest.mark.parametrize("name", ["AGENTS.md", "CLAUDE.md"])
def test_instructions_come_and_go(home: Path, project: Path, text: str | None, name: str) -> None:
    (home / ".cursor").mkdir()
    if text is not None:
        (project / name).write_bytes(text.encode("utf-8"))
    before = content(project)
    assert run("install", "--yes", "--instructions").exit_code == 0
    file = project / (name if text is not None else "AGENTS.md")
    now = file.read_bytes().decode("utf-8")
    assert now.startswith(text or BEGIN) and now.rstrip().endswith(END)
    assert "grep" in now and "semindex search" in now and "--json" in now
    assert "\r" not in now.replace("\r\n", "") and ("\r\n" in now) == ("\r\n" in (text or ""))
    assert "has it already" in run("install", "--instructions").output
    file.write_bytes(now.encode("utf-8") + b"\nmore\n" if text else now.encode("utf-8"))
    assert run("uninstall", "--yes", "--instructions").exit_code == 0
    if text:
        assert file.read_bytes().startswith(text.encode("utf-8")) and file.read_bytes().endswith(b"more\n")
        assert BEGIN.encode() not in file.read_bytes()
    else:
        assert content(project) == before


def test_instructions_go_where_they_are_read_once(home: Path, project: Path) -> None:
    (home / ".cursor").mkdir()
    (project / "AGENTS.md").write_text("# Rules\n")
    (project / "CLAUDE.md").write_text("@AGENTS.md\n")
    run("install", "--yes", "--instructions")
    assert BEGIN in (project / "AGENTS.md").read_text()
    assert (project / "CLAUDE.md").read_text() == "@AGENTS.md\n"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An executable of our name, as which this process was started."""
    monkeypatch.setattr(installing, "command_line", FOUND_COMMAND)
    file = tmp_path / "bin" / "semindex"
    file.parent.mkdir()
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(file)])
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    yield file


@pytest.mark.skipif(os.name == "nt", reason="programs end in .exe there")
def test_the_command_is_a_bare_name_only_where_that_is_this_program(
    program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert installing.command_line() == [str(program), "mcp"]
    monkeypatch.setenv("PATH", str(program.parent))
    assert installing.command_line() == ["semindex", "mcp"]
    monkeypatch.setenv("VIRTUAL_ENV", str(program.parent.parent))
    assert installing.command_line() == [str(program), "mcp"]
    monkeypatch.delenv("VIRTUAL_ENV")
    other = tmp_path / "other" / "semindex"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", f"{other.parent}{os.pathsep}{program.parent}")
    assert installing.command_line() == [str(program), "mcp"]
