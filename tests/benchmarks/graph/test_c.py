"""Definitions of C are found under whatever ``#if`` they stand."""

from __future__ import annotations

from pathlib import Path

from benchmarks.graph.oracles.c import Use, _site
from benchmarks.graph.sources import Sources
from benchmarks.graph.truth import Site, Target, Verdict

TEXT = """\
#define TWICE(x) once(x) + once(x)
#ifdef WIDE
static long *once(long x) {
    return once (x);
#else
# define TWICE(x) once(x)
int once(int x)
{
    int y = once(x);
#endif
int once(int x);
"""


def site(tmp_path: Path, use: Use, defined: dict[str, set[Target]]) -> Site:
    (tmp_path / "a.c").write_text(TEXT, "utf-8")
    return _site(use, defined, Sources(tmp_path, (".c",)))


def test_variants_of_a_function_in_its_file_are_right_and_declarations_are_not(tmp_path: Path) -> None:
    use = Use("a.c", 4, 12, "once", "c:@F@once", Verdict.INTERNAL, Target("a.c", 11))

    found = site(tmp_path, use, {"c:@F@once": {Target("a.c", 7)}})

    assert found == Site(4, 12, "once", True, Verdict.INTERNAL, (Target("a.c", 3), Target("a.c", 7)))


def test_a_function_without_a_definition_goes_to_its_declaration(tmp_path: Path) -> None:
    use = Use("a.c", 9, 13, "lost", "c:@F@lost", Verdict.INTERNAL, Target("lost.h", 2))

    assert site(tmp_path, use, {}).targets == (Target("lost.h", 2),)


def test_variants_of_a_macro_are_right(tmp_path: Path) -> None:
    use = Use("a.c", 1, 9, "TWICE", "", Verdict.INTERNAL, Target("a.c", 1))

    assert site(tmp_path, use, {}).targets == (Target("a.c", 1), Target("a.c", 6))


def test_other_code_and_variables_have_no_targets(tmp_path: Path) -> None:
    use = Use("a.c", 9, 9, "y", "", Verdict.VALUE, None)

    assert site(tmp_path, use, {}) == Site(9, 9, "y", False, Verdict.VALUE)
