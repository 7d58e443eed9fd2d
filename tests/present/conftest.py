from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from semindex.present.cli import commands

from .records import FakeModule

Invoke = Callable[..., Result]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeModule:
    """``semindex.index`` replaced for one test."""
    module = FakeModule()
    monkeypatch.setitem(sys.modules, "semindex.index", module)
    return module


@pytest.fixture
def invoke(fake: FakeModule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Run a command line in ``tmp_path``, with a fake index and no configuration of the user's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEMINDEX_CONFIG", os.devnull)

    def run(*words: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(commands, list(words), input=stdin)

    return run
