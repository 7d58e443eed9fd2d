"""What brings a grammar to crash, or would take all memory, costs its file a syntax tree and no more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import semindex
from semindex.indexing import guard
from semindex.indexing.guard import parse_apart
from semindex.indexing.stopped import read_stopped, stopped_lines, stopped_note
from semindex.parse import grammars
from semindex.parse.parser import parse_file
from semindex.types import SourceFile

CRASHING = b"A<B<C<A<B<C<A<B<C<\n" * 6_000


def java(text: bytes, name: str = "A.java") -> SourceFile:
    return SourceFile(name, text, b"\0" * 16, "java", len(text))


def test_harmless_files_start_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "LocalExecutor", None)
    assert parse_apart([java(b"class A {}\n" * 1_000)]).files == {}


def test_files_parsed_apart_are_as_parsed_here() -> None:
    text = b"class A { int[] deep = {" + b"(" * 300 + b"1" + b")" * 300 + b" };\n void run() {}\n}\n" * 3
    text += b"\n" * 2_000
    found = parse_apart([java(text)])
    here = parse_file(java(text))
    parsed = found.files["A.java"]
    assert (parsed.source, parsed.symbols, parsed.chunks) == (here.source, here.symbols, here.chunks)
    assert parsed.comments.tolist() == here.comments.tolist()
    assert {"A", "run"} <= {symbol.name for symbol in parsed.symbols}
    assert not parsed.stopped
    assert found.peak_bytes > 0


@pytest.mark.skipif(sys.platform == "win32", reason="the system does not limit a process there")
def test_a_grammar_that_hears_nothing_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_parse", _endless)
    found = parse_apart([java(b"(" * 2_000)])
    assert found.files["A.java"].stopped == "brought the grammar to crash"


def _endless(_: None, source: SourceFile) -> None:
    import signal

    signal.setitimer(signal.ITIMER_PROF, 0.05)
    while source:
        pass


def test_without_a_process_nothing_is_risked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    found = parse_apart([java(b"(" * 2_000)])
    assert "no process could be started" in found.files["A.java"].stopped


PROGRAM = """
import resource, sys
from pathlib import Path
import semindex
from semindex.indexing.memory import peak_bytes
index = semindex.open(Path(sys.argv[1]))
before = peak_bytes()
report = index.refresh()
print(report.files, peak_bytes() - before, report.peak_bytes)
print(*report.warnings, sep="\\n")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the system does not limit a process there")
@pytest.mark.parametrize("suffix", ["java", pytest.param("cs", marks=pytest.mark.slow)])
def test_a_crash_of_a_grammar_takes_neither_the_process_nor_its_memory(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"Bad.{suffix}").write_bytes(b"class Bad {}\n" + CRASHING)
    (tmp_path / "good.py").write_text("def good():\n    return 1\n")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True, check=True
    )
    counts, *warnings = done.stdout.splitlines()
    files, grown, told = map(int, counts.split())
    assert files == 2
    assert grown < 150_000_000
    assert told > 300_000_000 or suffix == "cs"  # that of the process that crashed is told, too
    assert done.stderr == ""
    assert len(warnings) == 1
    assert f"1 file was indexed without a syntax tree, and may lack definitions: Bad.{suffix}" in warnings[0]


def test_status_names_such_files_until_they_change_or_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, other = tmp_path / "Bad.java", tmp_path / "Other.java"
    bad.write_text("class Bad {}\n")
    other.write_text("class Other {}\n")
    index = semindex.open(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(grammars, "_SECONDS", -1.0)
        assert "2 files were indexed without a syntax tree" in index.refresh().warnings[0]
    (tmp_path / "good.py").write_text("def good():\n    return 1\n")
    assert index.refresh().warnings == ()
    assert "Bad.java (its parsing took too long), Other.java" in index.status().notes[0]
    bad.write_text("class Bad { int changed; }\n")
    index.refresh()
    assert "1 file was indexed without a syntax tree" in index.status().notes[0]
    other.unlink()
    index.refresh()
    assert index.status().notes == ()


def test_the_note_keeps_any_path() -> None:
    stopped = {f"{number}\udcff.java": "took too long" for number in range(12)}
    assert read_stopped(stopped_note(stopped)) == stopped
    (line,) = stopped_lines(stopped)
    assert line.startswith("12 files were indexed")
    assert line.endswith("and 2 more")
    assert list(stopped_lines({})) == []
    for unreadable in (None, "", "no json", "[1]", '{"a": 1}'):
        assert read_stopped(unreadable) == {}
