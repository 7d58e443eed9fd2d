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

SCRIPT = {
    "lib.js": "exports = module.exports = make;\nfunction make() { return { go: () => 1, other }; }\n"
    "function other() {}\nexports.other = other;\n",
    "index.js": "module.exports = require('./lib');\n",
    "use.js": "const lib = require('./index');\n\n"
    "lib().go(); lib.other(); 'é'.trim(); make?.(); lib().other();\n",
}
C = {
    "a.h": "#define TWICE(x) ((x) + one(x))\nint one(int x);\nextern int (*hook)(int);\n",
    "a.c": '#include "a.h"\n#include <stdlib.h>\nint one(int x)\n{\n    return abs(hook(x));\n}\n',
    "b.c": '#include "a.h"\nint two(void) { return TWICE(one(2)) + lost(3); }\n',
}
RUST = {
    "Cargo.toml": '[package]\nname = "a-b"\nversion = "0.1.0"\nedition = "2021"\n',
    "src/lib.rs": """\
mod inner;

pub trait Shape {
    fn area(&self) -> f32;
}

pub struct Square(f32);

impl Shape for Square {
    fn area(&self) -> f32 { self.0.max(1.0) }
}

pub fn total(shape: &dyn Shape) -> f32 { shape.area() + inner::twice(Square(2.0).area()) }
""",
    "src/inner.rs": "/// Doubles.\npub fn twice(x: f32) -> f32 {\n    x + x\n}\n",
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


@pytest.mark.skipif(shutil.which("tsc") is None, reason="needs TypeScript 5")
def test_typescript_follows_what_modules_hand_on(tmp_path: Path) -> None:
    found = truth_of("javascript", written(tmp_path, SCRIPT), Options())

    make, other = (Target("lib.js", 2),), (Target("lib.js", 3),)
    assert [site for site in found.files["use.js"] if site.call and site.name != "require"] == [
        Site(3, 1, "lib", True, Verdict.INTERNAL, make),
        Site(3, 7, "go", True, Verdict.INTERNAL, make),
        Site(3, 17, "other", True, Verdict.INTERNAL, other),
        Site(3, 31, "trim", True, Verdict.EXTERNAL),
        Site(3, 49, "lib", True, Verdict.INTERNAL, make),
        Site(3, 55, "other", True, Verdict.INTERNAL, other),
    ]


def test_libclang_goes_to_definitions_in_other_files_and_to_macros(tmp_path: Path) -> None:
    pytest.importorskip("clang")
    found = truth_of("c", written(tmp_path, C), Options())

    assert found.files["a.c"] == [
        Site(5, 12, "abs", True, Verdict.EXTERNAL),
        Site(5, 16, "hook", True, Verdict.VALUE),
        Site(5, 21, "x", False, Verdict.VALUE),
    ]
    assert found.files["b.c"] == [
        Site(2, 24, "TWICE", True, Verdict.INTERNAL, (Target("a.h", 1),)),
        Site(2, 30, "one", True, Verdict.INTERNAL, (Target("a.c", 3),)),
    ]


@pytest.mark.skipif(shutil.which("rustdoc") is None, reason="needs Rust")
def test_rustdoc_knows_the_types_of_receivers(tmp_path: Path) -> None:
    found = truth_of("rust", written(tmp_path, RUST), Options())

    area = (Target("src/lib.rs", 4), Target("src/lib.rs", 10))
    assert [site for site in found.files["src/lib.rs"] if site.call] == [
        Site(10, 36, "max", True, Verdict.EXTERNAL),
        Site(13, 48, "area", True, Verdict.INTERNAL, area),
        Site(13, 64, "twice", True, Verdict.INTERNAL, (Target("src/inner.rs", 2),)),
        Site(13, 70, "Square", True, Verdict.INTERNAL, (Target("src/lib.rs", 7),)),
        Site(13, 82, "area", True, Verdict.INTERNAL, area),
    ]
