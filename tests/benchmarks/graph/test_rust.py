"""Links on rustdoc's pages become sites."""

from __future__ import annotations

from pathlib import Path

from benchmarks.graph.oracles.rust import Link, Package, _pages, links
from benchmarks.graph.sources import Sources
from benchmarks.graph.truth import Site, Target, Verdict

TEXT = """\
trait Shape {
    fn area(&self) -> f32;
}
impl Shape for Square {
    fn area(&self) -> f32 { 1.0 }
}
pub fn sum(s: &dyn Shape, f: fn()) -> f32 {
    f(); "é&"; s.area() + self::sum::<>(s, f).max(inner::other())
}
"""


def numbered(lines: list[str]) -> str:
    code = "\n".join(
        f"<a href=#{at} id={at} data-nosnippet>{at}</a>{line}" for at, line in enumerate(lines, 1)
    )
    return f'<main><pre class="rust"><code>{code}</code></pre></main>'


BODY = (
    '    <a href="#7">f</a>(); <span class="string">"é&amp;"</span>; s.<a href="#2">area</a>() + '
    '<a href="#7-9"><span class="self">self</span>::sum</a>::&lt;&gt;(s, f)'
    '.<a href="https://doc.rust-lang.org/nightly/std/primitive.f32.html#method.max">max</a>'
    '(<a href="inner/mod.rs.html#1">inner::other</a>())'
)
PAGE = numbered([*TEXT.split("\n")[:7], BODY, "}"])


def test_names_have_their_places_and_the_last_name_of_a_path() -> None:
    assert [(link.line, link.column, link.name) for link in links(PAGE)] == [
        (8, 5, "f"),
        (8, 19, "area"),
        (8, 34, "sum"),
        (8, 48, "max"),
        (8, 59, "other"),
    ]
    assert next(links(PAGE)) == Link(8, 5, "f", "#7")


def test_links_become_answers_with_the_implementations_of_a_trait(tmp_path: Path) -> None:
    crate = tmp_path / "crate"
    (crate / "src" / "inner").mkdir(parents=True)
    (crate / "src" / "lib.rs").write_text(TEXT, "utf-8")
    (crate / "src" / "inner" / "mod.rs").write_text("pub fn other() -> f32 { 1.0 }\n", "utf-8")
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "lib.rs.html").write_text(PAGE, "utf-8")

    package = Package("crate", "2021", "src/lib.rs", ())
    ((path, sites),) = _pages(pages, package, Sources(crate, (".rs",)))

    assert path == "src/lib.rs"
    assert sites == [
        Site(8, 5, "f", True, Verdict.VALUE),
        Site(8, 19, "area", True, Verdict.INTERNAL, (Target(path, 2), Target(path, 5))),
        Site(8, 34, "sum", True, Verdict.INTERNAL, (Target(path, 7),)),
        Site(8, 48, "max", True, Verdict.EXTERNAL),
        Site(8, 59, "other", True, Verdict.INTERNAL, (Target("src/inner/mod.rs", 1),)),
    ]
