"""Missing standard streams are replaced, and those that are there stay."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPORT = """
import os, sys
from semindex.process.streams import open_missing_streams
before = [sys.stdin, sys.stdout, sys.stderr]
open_missing_streams()
null = os.stat(os.devnull)
are_null = ["n" if os.path.samestat(os.fstat(number), null) else "o" for number in range(3)]
kept = ["k" if stream is None or stream is now else "x"
        for stream, now in zip(before, [sys.stdin, sys.stdout, sys.stderr])]
with open(REPORTED, "w") as file:
    file.write("".join(are_null + kept))
    file.write(str(file.fileno() > 2) + str(os.get_inheritable(2)))
print("said")
print("complained", file=sys.stderr)
assert sys.stdin.read() == ""
"""


@pytest.mark.skipif(sys.platform == "win32", reason="redirections of a POSIX shell")
@pytest.mark.parametrize(
    ("redirections", "null"),
    [("", "noo"), ("<&-", "noo"), (">&-", "nno"), ("2>&-", "non"), ("<&- >&- 2>&-", "nnn")],
)
def test_missing_streams_become_the_null_device(tmp_path: Path, redirections: str, null: str) -> None:
    reported = tmp_path / "reported"
    script = REPORT.replace("REPORTED", repr(str(reported)))
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -c "$1" {redirections}', sys.executable, script],
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert reported.read_text() == f"{null}kkkTrueTrue"
    assert done.stdout == (b"said\n" if null[1] == "o" else b"")
    assert done.stderr == (b"complained\n" if null[2] == "o" else b"")
