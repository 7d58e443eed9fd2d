"""What may be imported on one line of a file is still banned on its other lines."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PRODUCT = ROOT / "src" / "semindex"
EXEMPT = sorted(file for file in PRODUCT.rglob("*.py") if "noqa: TID251" in file.read_text("utf-8"))
BANNED = ("import sqlite3", "import subprocess", "import socket", "from os import environ", "import fsspec")


def banned(file: Path, text: str) -> list[str]:
    """What ruff says about the bans if ``text`` stood in ``file``."""
    options = ("--select=TID251", "--output-format=concise", "--no-cache")
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", *options, "--stdin-filename", str(file), "-"],
        cwd=ROOT,
        input=text,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, 1), done.stderr
    return [line for line in done.stdout.splitlines() if "TID251" in line]


def test_there_are_exemptions() -> None:
    assert PRODUCT / "config.py" in EXEMPT


@pytest.mark.parametrize("file", EXEMPT, ids=lambda file: str(file.relative_to(PRODUCT)))
def test_an_exemption_is_for_its_line_only(file: Path) -> None:
    text = file.read_text("utf-8")
    assert banned(file, text) == []
    found = banned(
        file, text + "".join(f"\n\ndef more_{i}():\n    {line}\n" for i, line in enumerate(BANNED))
    )
    assert len(found) == len(BANNED)
