"""A query that is a name shows its definition first."""

from __future__ import annotations

import pytest

from .growing import Grow

NOISE = "".join(f"fn parse_state_{n}() {{\n    let audit_buffer = {n};\n}}\n\n" for n in range(30))


@pytest.mark.parametrize("name", ["Buffer", "Audited"])
def test_a_small_definition_comes_before_files_that_only_have_its_words(grow: Grow, name: str) -> None:
    index = grow(
        {
            "src/buffer_audit.rs": NOISE,
            "src/kinds.rs": "enum Buffer {\n    Full,\n}\n\nimpl Buffer {\n"
            + NOISE
            + "}\n\nstruct Audited;\n",
        }
    )
    first = index.search(name)[0]
    assert first.path == "src/kinds.rs"
    assert first.text is not None
    assert first.text.startswith(("enum Buffer", "struct Audited"))


def test_a_definition_comes_before_the_blocks_that_add_to_it(grow: Grow) -> None:
    index = grow(
        {
            "a.rs": "impl Layer {\n    fn one(&self) -> Layer {\n        Layer\n    }\n}\n",
            "b.rs": (
                "/// A layer.\npub struct Layer;\n\n"
                "impl Clone for Layer {\n    fn clone(&self) -> Layer {\n        Layer\n    }\n}\n"
            ),
        }
    )
    first = index.search("Layer")[0]
    assert (first.path, first.kind) == ("b.rs", "struct")


def test_of_names_with_outer_names_the_one_inside_these_comes_first(grow: Grow) -> None:
    methods = "".join(f"class {name}:\n    def run(self):\n        return 1\n\n\n" for name in ("One", "Two"))
    index = grow({"a.py": methods, "b.py": "def run():\n    return [run_two for run_two in ()]\n"})
    assert index.search("Two.run")[0].symbol == "Two.run"


def test_a_dotted_key_is_shown_at_its_own_line(grow: Grow) -> None:
    text = (
        "spring.redis.host=localhost\nspring.datasource.hikari.maximum-pool-size=10\nweb.exposure.include=*\n"
    )
    first = grow({"pom.properties": text}).search("spring.datasource.hikari.maximum-pool-size")[0]
    assert (first.start_line, first.end_line) == (2, 2)


def test_a_chunk_is_headed_by_the_definition_that_the_query_is_about(grow: Grow) -> None:
    small = "".join(
        f"def {name}_crumbs(a):\n    return a\n\n\n" for name in ("count", "sweep", "weigh", "bake")
    )
    first = grow({"a.py": small}).search("where do we sweep the floor")[0]
    assert first.symbol == "sweep_crumbs"


def test_no_other_span_of_a_file_scores_more_than_the_file(grow: Grow) -> None:
    long = "".join(f"def bake_{n}(a):\n" + "    a = a + 'bake the bread'\n" * 20 + "\n\n" for n in range(4))
    for hit in grow({"a.py": long}).search("where bread is baked"):
        assert hit.more
        assert all(0.0 < each.score <= hit.score for each in hit.more)


def test_joined_names_in_a_sentence_are_names(grow: Grow) -> None:
    index = grow(
        {
            "a.js": "class Res {\n  redirect(to) {\n    return to\n  }\n}\n",
            "b.js": "function redirect(to) {\n  return to\n}\n",
        }
    )
    hits = index.search("how does res.redirect choose where to go")
    assert [hit.symbol for hit in hits] == ["Res.redirect", "redirect"]


def test_a_plain_word_finds_a_name_of_two_words(grow: Grow) -> None:
    index = grow({"a.py": "class PhpRedis:\n    pass\n", "b.py": "def php():\n    return 'redis phpredi'\n"})
    hits = index.search("connect phpredis")
    assert hits[0].symbol == "PhpRedis"
