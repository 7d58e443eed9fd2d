"""One run on all cores prints what runs one after the other would."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from semindex.config import Settings
from semindex.exact import gathering, running
from semindex.exact.asking import Look, asking
from semindex.exact.batches import File
from semindex.exact.pattern import Pattern
from semindex.exact.ripgrep import find_program

RG = find_program(Settings())


def printed(root: Path, pattern: str, files: list[bytes]) -> tuple[int, list[Any]]:
    out: list[bytes] = []
    look = Look(("--json", "--no-mmap", "--context=1"), is_json=True)
    asked = asking(RG, os.fsencode(root), Pattern(patterns=(pattern,)), look)
    outcome = running.run(asked, [File(path) for path in files], out.append)
    events = [json.loads(line) for line in b"".join(out).splitlines()]
    for event in events:
        for value in (event["data"], event["data"].get("stats", {})):
            value.pop("elapsed", None), value.pop("elapsed_total", None)
            value.pop("bytes_printed", None)
    for event in events:
        if event["type"] == "end":
            event["data"]["stats"].pop("elapsed", None)
    return outcome.code, events


@pytest.mark.parametrize("pattern", ["needle", "nowhere", "^", "n|"])
def test_files_come_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str) -> None:
    names = [f"{'a' * (number % 7)}/f{number}\u00e9.txt".lstrip("/") for number in range(60)] + [
        "odd\nname.txt"
    ]
    for number, name in enumerate(names):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b'x\nneedle {"type":"begin"\n' * (number % 5) + b"y\xff\n" * 2000)
    files = [os.fsencode(name) for name in names[::-1]]
    at_once = printed(tmp_path, pattern, files)
    monkeypatch.setattr(running, "MOST_FILES", 0)
    assert at_once == printed(tmp_path, pattern, files)
    monkeypatch.setattr(running, "MOST_FILES", 2048)
    monkeypatch.setattr(gathering, "MOST_BYTES", 100)
    assert at_once == printed(tmp_path, pattern, files)
