"""The oracles that are programs answer about a small tree, where their compilers are installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from benchmarks.graph.oracles import truth_of
from benchmarks.graph.oracles.options import Options
from benchmarks.graph.truth import Site, Target, Verdict

pytestmark = pytest.mark.slow

GO = {
    "go.mod": "module example.com/m\n\ngo 1.19\n",
    "a.go": """\
package m

import "strings"

type Box struct{ act func() }

func (b *Box) Open(name string) string { return strings.ToUpper(name) }

func use(b *Box) { b.act(); b.Open("é"); inner() }
""",
    "a_linux.go": "package m\n\nfunc inner() {}\n",
    "a_windows.go": "package m\n\n// Another.\nfunc inner() {}\n",
}
JAVA = {
    "m/Box.java": """\
package m;

public class Box {
  final String name;

  Box(String name) { this.name = name; }

  void open() { open("é" + name.trim()); }

  void open(String other) { new Box(other).open(); }
}
""",
}


def written(tmp_path: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, "utf-8")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    subprocess.run(["git", "-C", tmp_path, "add", "-A"], check=True)
    return tmp_path.resolve()


@pytest.mark.skipif(shutil.which("go") is None, reason="needs Go")
def test_go_types_knows_methods_values_and_the_variants_of_other_systems(tmp_path: Path) -> None:
    found = truth_of("go", written(tmp_path, GO), Options())

    calls = [site for site in found.files["a.go"] if site.call]
    assert calls == [
        Site(7, 57, "ToUpper", True, Verdict.EXTERNAL),
        Site(9, 22, "act", True, Verdict.VALUE),
        Site(9, 31, "Open", True, Verdict.INTERNAL, (Target("a.go", 7),)),
        Site(9, 43, "inner", True, Verdict.INTERNAL, (Target("a_linux.go", 3), Target("a_windows.go", 4))),
    ]


@pytest.mark.skipif(shutil.which("javac") is None, reason="needs a JDK")
def test_javac_knows_overloads_and_constructors(tmp_path: Path) -> None:
    found = truth_of("java", written(tmp_path, JAVA), Options())

    opens = (Target("m/Box.java", 8), Target("m/Box.java", 10))
    assert found.files["m/Box.java"] == [
        Site(8, 17, "open", True, Verdict.INTERNAL, opens),
        Site(8, 34, "trim", True, Verdict.EXTERNAL),
        Site(10, 33, "Box", True, Verdict.INTERNAL, (Target("m/Box.java", 3), Target("m/Box.java", 6))),
        Site(10, 44, "open", True, Verdict.INTERNAL, opens),
    ]
