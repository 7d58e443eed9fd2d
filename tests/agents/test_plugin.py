"""The plugin for Claude Code: that its files are where and what its documentation wants."""

from __future__ import annotations

import json
import re
from pathlib import Path

import semindex
from semindex.agents.clients import BY_NAME

PLUGIN = Path(__file__).parents[2] / "integrations" / "claude-code"


def test_the_manifest_names_the_plugin_and_the_version() -> None:
    manifest = json.loads((PLUGIN / ".claude-plugin" / "plugin.json").read_bytes())
    assert re.fullmatch(r"[a-z0-9-]+", manifest["name"])
    assert manifest["version"] == semindex.__version__
    assert [each.name for each in (PLUGIN / ".claude-plugin").iterdir()] == ["plugin.json"]


def test_the_server_is_the_one_that_install_writes() -> None:
    servers = json.loads((PLUGIN / ".mcp.json").read_bytes())["mcpServers"]
    assert servers == {"semindex": dict(BY_NAME["claude-code"].shape(["semindex", "mcp"]))}


def test_the_skill_has_a_name_and_a_description_within_the_limits() -> None:
    text = (PLUGIN / "skills" / "semindex" / "SKILL.md").read_text("utf-8")
    header = re.match(r"---\nname: (.+)\ndescription: (.+)\n---\n", text)
    assert header is not None
    assert header[1] == "semindex" and len(header[2]) <= 1024
    assert "grep" in text and "--json" in text
