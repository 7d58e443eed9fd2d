"""The manual page: that it is of the commands as they are, and that a formatter takes it."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import click
import pytest

from semindex.present.cli import COMMANDS, commands

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "semindex.1"


@pytest.fixture(scope="module")
def manual() -> ModuleType:
    spec = importlib.util.spec_from_file_location("manual", DOCS / "manual.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_of_the_commands_as_they_are(manual: ModuleType) -> None:
    assert PAGE.read_text("utf-8") == manual.page(), "run: python docs/manual.py"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_page_has_every_command_and_option(name: str, manual: ModuleType) -> None:
    text = PAGE.read_text("utf-8")
    assert f".SS semindex {name}" in text
    command = commands.get_command(click.Context(commands), name)
    assert command is not None
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert manual.escaped(parameter.opts[-1]) in text


def test_no_text_is_a_request(manual: ModuleType) -> None:
    assert manual.escaped(".semindex -x") == "\\&.semindex \\-x"
    assert manual.escaped("'a' \\ `b`") == "\\(aqa\\(aq \\e \\(gab\\(ga"


@pytest.mark.skipif(shutil.which("groff") is None, reason="no groff here")
def test_a_formatter_takes_the_page_without_a_warning() -> None:
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", PAGE], capture_output=True, check=False, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "search source code by meaning" in done.stdout
