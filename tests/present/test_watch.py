"""``semindex watch`` prints a line an event, and ends as whoever started it wants."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from semindex.present.cli.watch import _Lines
from semindex.service.events import (
    Failed,
    Paused,
    Refreshed,
    Resumed,
    Scanning,
    Started,
    Stopped,
    Waiting,
    WatchEvent,
    Watching,
)
from tests.product import plant, semindex_command

from .processes import PATIENCE_SECONDS, environment

EVENTS: list[tuple[WatchEvent, str]] = [
    (Started("/src/app", "/src/app/.semindex"), "bringing the index of /src/app up to date"),
    (Refreshed(None, 3, 1, 2, 40, 0.5, ()), "3 added, 1 changed, 2 removed in 500 ms; 40 files"),
    (Refreshed(1, 0, 1, 0, 40, 0.02, ()), "1 changed in 20 ms; 40 files"),
    (Refreshed(1, 0, 0, 0, 40, 0.02, ()), ""),
    (Refreshed(1, 0, 0, 0, 40, 0.02, ("left out x",)), "note: left out x"),
    (Refreshed(2, 0, 0, 0, 40, 0.02, ("left out x",)), ""),
    (Watching(12), "up to date; watching 12 folders"),
    (
        Scanning("the limit is reached", 7.2),
        "the system does not tell what changes, so all files are looked at every 7 s: the limit is reached",
    ),
    (Waiting("Process 7 on 'here'"), "waiting: Process 7 on 'here' is writing the index"),
    (Paused("/src/app: gone"), "paused until the folder is back: /src/app: gone"),
    (Resumed(), "the folder is back"),
    (Failed("IndexUnwritable", "no room\x1b[0m", 5), "no room␛[0m; trying again in 5 s"),
    (Stopped(), "stopped; the index stays as it is"),
]


def test_each_event_is_a_line_with_the_time_of_day(capsys: pytest.CaptureFixture[str]) -> None:
    lines = _Lines(as_json=False)
    for event, text in EVENTS:
        lines(event)
        printed = capsys.readouterr().out.splitlines()
        assert [line[9:] for line in printed] == ([text] if text else [])
        assert all(line[2] == line[5] == ":" for line in printed)


def test_each_event_is_an_object(capsys: pytest.CaptureFixture[str]) -> None:
    lines = _Lines(as_json=True)
    for event, _ in EVENTS:
        lines(event)
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(found) == len(EVENTS)
    assert {(each["schema"], type(each["time"])) for each in found} == {(1, float)}
    assert found[2]["event"] == "refreshed"
    assert (found[2]["looked_at"], found[2]["changed"], found[2]["warnings"]) == (1, 1, [])


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    done = semindex_command("watch", "nowhere", cwd=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert "nowhere" in done.err


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_in_the_background_it_ends_when_told_to_terminate(tmp_path: Path) -> None:
    """A shell starts what runs in the background so that an interrupt of others does not reach it."""
    root = plant(tmp_path / "root", {"a.py": b"a = 1\n"})
    process = subprocess.Popen(
        [sys.executable, "-m", "semindex", "watch", str(root)],
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    assert process.stdout is not None
    assert "bringing" in process.stdout.readline()
    assert "1 added" in process.stdout.readline()
    assert "watching 1 folder" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    (tmp_path / "b.py").write_bytes(b"b = 1\n")
    (tmp_path / "b.py").rename(root / "b.py")
    assert "1 added" in process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    rest, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert rest[9:] == "stopped; the index stays as it is\n"
    assert process.returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="the end of a pipe")
@pytest.mark.slow
def test_it_ends_when_nobody_reads_what_it_prints(tmp_path: Path) -> None:
    root = plant(tmp_path / "root", {"a.py": b"a = 1\n"})
    process = subprocess.Popen(
        [sys.executable, "-m", "semindex", "watch", str(root)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    while b"watching" not in process.stdout.readline():
        pass
    process.stdout.close()
    plant(root, {"b.py": b"b = 1\n"})
    assert process.wait(PATIENCE_SECONDS) == 141
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
