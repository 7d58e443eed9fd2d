"""What a search answers, on small trees that each test writes: only what a caller of the library can see.

The tests say nothing about how an answer is found, so that the inside of the room may change under them.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

import semindex
from semindex.errors import QueryError
from semindex.search import hits as search_hits
from semindex.types import Hit, Hits

from .growing import Grow

LEXICAL: dict[str, Any] = {"mode": "lexical"}


def paths(hits: Hits) -> list[str]:
    return [hit.path for hit in hits]


def signals(hit: Hit) -> set[str]:
    return {reason.signal for reason in hit.reasons}


def detail(hit: Hit, signal: str) -> str:
    """What a hit tells about one of its reasons."""
    (told,) = [reason.detail for reason in hit.reasons if reason.signal == signal]
    return told


def part(hit: Hit, signal: str) -> float:
    """What one of its reasons adds to a hit's points."""
    (added,) = [reason.contribution for reason in hit.reasons if reason.signal == signal]
    return added


def function(name: str, *lines: str, doc: str = "") -> str:
    """A function that is long enough to be a chunk of its own."""
    said = [f'    """{doc}"""'] if doc else []
    filler = [f"    step_{number} = {number} * width" for number in range(30)]
    return "\n".join([f"def {name}(width):", *said, *(f"    {line}" for line in lines), *filler, "\n\n"])


# What is shown of a file.


def test_another_span_is_shown_only_when_it_is_half_as_good_as_the_best(grow: Grow) -> None:
    index = grow(
        {
            "jar.py": function("parse_cookie_header", doc="Parse the cookie header.")
            + function("eat", doc="Have one cookie with tea.")
            + function("parse_cookie_headers", doc="Parse every cookie header."),
            "other.py": function("sleep", doc="Rest for a while."),
        }
    )
    for asked in ({}, LEXICAL):
        chunks = index.search("parse cookie header", group_by="chunk", path=["jar.py"], **asked)
        spans = {hit.symbol: part(hit, "span") for hit in chunks}
        assert 0 < spans["eat"] < max(spans.values()) / 2
        hit = index.search("parse cookie header", **asked)[0]
        shown = {hit.symbol, *(more.symbol for more in hit.more)}
        assert shown == {"parse_cookie_header", "parse_cookie_headers"}


def test_at_most_four_other_spans_are_shown_best_first(grow: Grow) -> None:
    index = grow({"jar.py": "".join(function(f"bake_cookie_{name}") for name in "abcdefg")})
    (hit,) = index.search("bake cookie", **LEXICAL)
    assert len(hit.more) == 4
    scores = [more.points for more in hit.more]
    assert scores == sorted(scores, reverse=True)


def test_a_long_definition_is_shown_by_its_first_lines(grow: Grow) -> None:
    body = "\n".join(f"    number_{line} = {line}" for line in range(200))
    index = grow({"long.py": f"import os\n\n\ndef unroll():\n{body}\n"})
    (hit,) = index.search("unroll")
    assert (hit.symbol, hit.kind) == ("unroll", "function")
    assert hit.start_line == 4
    assert 60 <= hit.end_line - hit.start_line + 1 < 200
    assert hit.text is not None and hit.text.startswith("def unroll():\n    number_0 = 0\n")
    assert hit.text.count("\n") == hit.end_line - hit.start_line


def test_a_file_that_changed_is_shown_without_text(grow: Grow) -> None:
    index = grow({"jar.py": "def bake_cookie():\n    return 1\n"})
    assert index.search("bake cookie")[0].text == "def bake_cookie():\n    return 1"
    (index.root / "jar.py").write_text("def bake_bread():\n    return 2\n")
    (hit,) = index.search("bake cookie")
    assert (hit.path, hit.stale, hit.text) == ("jar.py", True, None)


# Reasons.


def test_a_reason_names_the_rarest_words_of_the_query_first(grow: Grow) -> None:
    words = "aardvark badger civet dingo egret ferret gopher heron".split()
    files = {
        f"{word}{copy}.py": f"def {word}():\n    return {copy}\n"
        for rarity, word in enumerate(words)
        for copy in range(rarity)
    }
    files["zoo.py"] = "def visit():\n" + f'    """{" ".join(words)}"""\n' + "    return 0\n"
    hit = next(hit for hit in grow(files).search(" ".join(reversed(words)), limit=50) if hit.path == "zoo.py")
    assert detail(hit, "words") == "aardvark, badger, civet, dingo, egret, ferret"


def test_a_reason_names_only_words_that_the_file_has(grow: Grow) -> None:
    index = grow({"a.py": "def bake_cookie():\n    pass\n", "b.py": "def bake_bread():\n    pass\n"})
    told = {hit.path: detail(hit, "words") for hit in index.search("bake cookie bread")}
    assert told == {"a.py": "cookie, bake cookie, bake", "b.py": "bread, bake"}


def test_points_are_the_sums_of_their_reasons(grow: Grow) -> None:
    index = grow({f"{name}.py": function(f"bake_{name}", doc="Bake it.") for name in ("bread", "cookie")})
    for hit in index.search("bake cookie"):
        assert hit.points == pytest.approx(sum(reason.contribution for reason in hit.reasons))
        sizes = [abs(reason.contribution) for reason in hit.reasons]
        assert sizes == sorted(sizes, reverse=True)


# Which files are found.


def test_files_are_found_by_words_that_only_their_code_has(grow: Grow) -> None:
    names = "able baker charlie dog easy fox".split()
    files = {f"{name}.py": f"def {name}(one):\n    return frobnicate(one)\n" for name in names}
    files |= {f"{name}_more.py": f"def {name}(one):\n    return one\n" for name in names}
    found = grow(files).search("frobnicate", **LEXICAL)
    assert sorted(paths(found)) == [f"{name}.py" for name in names]
    assert all("body words" in signals(hit) for hit in found)


def test_words_that_no_file_has_find_nothing(grow: Grow) -> None:
    index = grow({"jar.py": "def bake_cookie():\n    pass\n"})
    for asked in ({}, LEXICAL, {"mode": "dense"}):
        assert paths(index.search("xyzzyx qwrtyp", **asked)) == []


@pytest.mark.parametrize("query", ["user name", "userName", "USER_NAME", "user names", "the name of a user"])
def test_a_name_is_found_however_it_is_written(grow: Grow, query: str) -> None:
    index = grow(
        {
            "a.js": "function getUserName(one) {\n  return one\n}\n",
            "b.js": "function getColour(one) {\n  return one\n}\n",
        }
    )
    assert paths(index.search(query, **LEXICAL)) == ["a.js"]


def test_a_file_is_found_by_its_name_and_its_folder(grow: Grow) -> None:
    index = grow({f"{folder}/{name}.py": "x = 1\n" for folder in ("web", "mail") for name in ("jar", "oven")})
    assert paths(index.search("mail oven"))[0] == "mail/oven.py"
    assert {"file name", "folder name"} <= signals(index.search("mail oven")[0])


def test_definitions_come_before_uses(grow: Grow) -> None:
    uses = "".join(f"    load_jar({number})\n    load_jar(load_jar)\n" for number in range(9))
    index = grow(
        {
            "a_uses.py": f"def breakfast():\n{uses}",
            "b_uses.py": f"def supper():\n{uses}",
            "defines.py": "def other():\n    pass\n\n\ndef load_jar(one):\n    return one\n",
        }
    )
    found = index.search("load_jar")
    assert sorted(paths(found)) == ["a_uses.py", "b_uses.py", "defines.py"]
    assert (found[0].path, found[0].symbol, found[0].start_line) == ("defines.py", "load_jar", 5)
    assert detail(found[0], "definition") == "load_jar, line 5"


def test_the_enclosing_definition_that_a_query_names_decides(grow: Grow) -> None:
    classes = [
        f"class {name}:\n    def bake(self):\n        return 1\n" for name in ("Bread", "Cookie", "Pie")
    ]
    index = grow({"kitchen.py": "\n\n".join(classes)})
    for name in ("Bread.bake", "Cookie.bake", "Pie.bake"):
        (hit,) = index.search(name)
        assert hit.symbol == name


def test_tests_stand_behind_unless_they_are_asked_for(grow: Grow) -> None:
    index = grow({name: function("bake_cookie") for name in ("test_cookie.py", "cookie.py")})
    assert paths(index.search("bake cookie")) == ["cookie.py", "test_cookie.py"]
    assert "tests file" in signals(index.search("bake cookie")[1])
    assert not any("tests file" in signals(hit) for hit in index.search("test of bake cookie"))


def test_a_few_foreign_looking_words_in_an_english_question_stay(grow: Grow) -> None:
    """``die`` and ``door`` are function words of Dutch; of twelve words they make no Dutch question."""
    index = grow({"dice.py": function("die_door"), "game.py": function("board")})
    question = "roll wooden die near green door until seven pirates shout loudly together"
    assert paths(index.search(question, **LEXICAL)) == ["dice.py"]
    dutch = "hoe wordt die door board"
    assert paths(index.search(dutch, **LEXICAL)) == ["game.py"]


# Long queries and pasted code.


def test_a_long_query_asks_by_its_rarest_words(grow: Grow) -> None:
    common = [f"{first}{second}ork" for first in "bcdfghjklm" for second in "aeiouyrl"]
    shared = f'"""{" ".join(common)}"""\n'
    files = {f"{name}.py": f"{shared}def {name}():\n    return 1\n" for name in "abcdef"}
    files["z.py"] = f"{shared}def zymurgy():\n    return 1\n"
    assert len(common) > 64
    found = grow(files).search(" ".join([*common, "zymurgy"]), **LEXICAL)
    assert found[0].path == "z.py"
    assert "zymurgy" in detail(found[0], "words").split(", ")
    assert [note for note in found.coverage.notes if "its 64 rarest of" in note]


LOOP = """\
    for crumb in sorted(plate):
        if crumb.weight > limit:
            total += crumb.weight * factor
"""


def test_pasted_code_finds_the_place_it_was_taken_from(grow: Grow) -> None:
    words = "for crumb in sorted plate if crumb weight limit total crumb weight"
    index = grow(
        {
            "weigh.py": function("rest")
            + f"def weigh(plate, limit, factor):\n    total = 0\n{LOOP}    return total\n",
            "alike.py": f"def other(crumb, plate):\n    limit = total = crumb.weight\n    # {words}\n",
        }
    )
    found = index.search(LOOP)
    assert (found[0].path, found[0].symbol) == ("weigh.py", "weigh")
    assert detail(found[0], "exact words").startswith("100% in their order, lines ")


def test_a_message_is_found_whatever_values_it_holds(grow: Grow) -> None:
    index = grow(
        {
            "a.py": function(
                "rest", 'raise OvenError(f"the oven {name} is too hot to bake {count} cookies")'
            ),
            "b.py": function("bake", doc="Bake cookies in a hot oven."),
        }
    )
    found = {hit.path: hit for hit in index.search("the oven north7 is too hot to bake 12 cookies")}
    # All that counts but "north7", which stands nowhere.
    assert detail(found["a.py"], "exact words").startswith("95% in their order, lines ")
    assert "exact words" not in signals(found["b.py"])


def test_code_that_a_document_shows_is_not_read_for_pasted_words(grow: Grow) -> None:
    code = "for crumb in sorted(plate):\n    total = total + crumb.weight\n"
    index = grow(
        {
            "README.md": f"# Plates\n\n## Weighing\n\n```python\n{code}```\n",
            "notes.txt": f"Weighing a plate:\n\n```python\n{code}```\n",
            "plate.py": f"total = 0\n{code}say(total)\n",
        }
    )
    found = {hit.path: signals(hit) for hit in index.search(code)}
    assert {path for path, told in found.items() if "body words" in told} == set(found)
    assert {path for path, told in found.items() if "exact words" in told} == {"plate.py"}
    assert found.keys() == {"README.md", "notes.txt", "plate.py"}


def test_nothing_is_found_for_words_that_stand_nowhere_and_mean_nothing_here(grow: Grow) -> None:
    index = grow(
        {f"{name}.py": function(f"bake_{name}", doc="Bake it.") for name in ("bread", "pie", "roll")}
    )
    answer = index.search("morning coffee")
    assert not answer
    assert answer.coverage.notes == (
        "no file has coffee, morning, and nothing is near enough in meaning to be shown",
    )
    assert index.search("where is bread made")


def test_a_file_for_which_little_speaks_is_not_shown(grow: Grow) -> None:
    index = grow(
        {f"{name}.py": function(f"bake_{name}", doc="Bake it.") for name in ("bread", "pie", "roll")}
    )
    for query in ("bake_pie", "bake pie", "roll"):
        spoken = [
            sum(reason.contribution for reason in hit.reasons if reason.signal != "size")
            for hit in index.search(query)
        ]
        assert min(spoken) >= 0.08 * spoken[0] > 0.0


# Phrases and filters.


@pytest.mark.parametrize(
    ("phrase", "found"),
    [
        ("parse_cookie", True),
        ("arse_cook", True),
        ("PARSE_COOKIE(header", True),
        ("header):  return jar", True),
        ("cookie_parse", False),
        ("parse cookie", False),
    ],
)
def test_a_phrase_may_begin_inside_a_word_and_ignores_case_and_blanks(
    grow: Grow, phrase: str, found: bool
) -> None:
    index = grow(
        {
            "jar.py": "def parse_cookie(header):\n    return jar\n",
            "other.py": "def cookie(parse):\n    return 'jar of a header'\n",
        }
    )
    answer = index.search(f'"{phrase}"')
    told = f'no file holds "{phrase}" as it stands; shown is what is found without the quotes, 2 files'
    assert paths(answer) == (["jar.py"] if found else ["jar.py", "other.py"])
    assert (told in answer.coverage.notes) is not found


def test_a_phrase_that_repeats_is_looked_for_once(grow: Grow, monkeypatch: pytest.MonkeyPatch) -> None:
    index = grow({"jar.py": function("bake", doc="Bake the cookie.")})
    made: list[str] = []
    known = search_hits._phrase_pattern

    def pattern(phrase: str) -> re.Pattern[bytes]:
        made.append(phrase)
        return known(phrase)

    monkeypatch.setattr(search_hits, "_phrase_pattern", pattern)
    assert paths(index.search('"the cookie" ' * 2_000 + '"Bake"')) == ["jar.py"]
    assert set(made) == {"the cookie", "Bake"}
    assert len(made) <= 4, "once for each set of terms that files must have"


def test_only_the_spans_that_hold_a_phrase_are_shown(grow: Grow) -> None:
    index = grow(
        {"jar.py": function("bake", doc="Bake the cookie.") + function("eat", "crumbs = 'no crumbs'")}
    )
    (hit,) = index.search('bake cookie "no crumbs"')
    assert (hit.symbol, hit.more) == ("eat", ())


TREE = {
    "src/jar.py": "class CookieJar:\n    pass\n\n\n" + function("open_cookie_jar"),
    "src/jar.go": "package jar\n\n// OpenCookieJar opens it.\nfunc OpenCookieJar() int {\n\treturn 1\n}\n",
    "lib/jar.py": function("open_cookie_jar"),
    "README.md": "# Cookie jar\n\nHow to open the cookie jar.\n",
}


@pytest.mark.parametrize(
    ("words", "arguments", "found"),
    [
        ("lang:go", {"lang": ["go"]}, ["src/jar.go"]),
        ("lang:python path:src", {"lang": ["python"], "path": ["src"]}, ["src/jar.py"]),
        ("lang:py -path:src/**", {"lang": ["py"], "exclude": ["src/**"]}, ["lib/jar.py"]),
        ("path:*.md", {"path": ["*.md"]}, ["README.md"]),
        ("kind:class", {"kind": ["class"]}, ["src/jar.py"]),
        ("lang:go kind:class", {"lang": ["go"], "kind": ["class"]}, []),
        ("symbol:OpenCookieJar path:lib", {"symbol": ["OpenCookieJar"], "path": ["lib"]}, ["lib/jar.py"]),
        ("symbol:open_cookie_jar lang:go", {"symbol": ["open_cookie_jar"], "lang": ["go"]}, ["src/jar.go"]),
        ("symbol:CookieJar", {"symbol": ["CookieJar"]}, ["src/jar.py"]),
        ("symbol:CookieJar lang:go", {"symbol": ["CookieJar"], "lang": ["go"]}, []),
    ],
)
@pytest.mark.parametrize("mode", ["hybrid", "lexical", "dense"])
def test_filters_hold_in_the_query_and_as_arguments_alike(
    grow: Grow, words: str, arguments: dict[str, Any], found: list[str], mode: str
) -> None:
    index = grow(TREE)
    assert paths(index.search("open cookie jar", mode=mode, **arguments)) == found
    assert paths(index.search(f"{words} open cookie jar", mode=mode)) == found


def test_a_kind_filter_holds_for_every_span(grow: Grow) -> None:
    hits = grow(TREE).search("cookie jar", kind=["function"])
    assert {each.kind for hit in hits for each in (hit, *hit.more)} == {"function"}
    assert sorted(paths(hits)) == ["lib/jar.py", "src/jar.go", "src/jar.py"]


def test_a_symbol_that_is_defined_nowhere_is_named(grow: Grow) -> None:
    found = grow(TREE).search("symbol:no_such lang:go")
    assert (len(found), found.coverage.notes) == (
        0,
        ("no definition of no_such in the 1 file that may have one",),
    )


def test_a_filter_that_is_none_is_named_in_the_answer(grow: Grow) -> None:
    found = grow(TREE).search("org:x open cookie jar")
    assert found.coverage.notes[0].startswith("org: is no filter here")
    assert len(found) == 4


def test_a_repository_is_filtered_by_the_name_of_its_folder(grow: Grow) -> None:
    index = grow(TREE)
    name = index.root.name
    every = paths(index.search("open cookie jar"))
    assert len(every) == 4
    for query in (f"repo:{name.upper()}", f"repo:{name[:2]}*", "-repo:other"):
        assert paths(index.search(f"{query} open cookie jar")) == every
    assert paths(index.search("open cookie jar", repo=name)) == every
    for query in ("repo:other", f"-repo:{name}"):
        found = index.search(f"{query} open cookie jar")
        assert (len(found), found.coverage.notes) == (
            0,
            (f"repo: lets none of the repositories pass: {name}",),
        )


def test_a_scope_leaves_everything_else_out(grow: Grow) -> None:
    assert paths(grow(TREE).search("cookie jar", scope="lib")) == ["lib/jar.py"]


@pytest.mark.parametrize("query", ["", "  ", "lang:klingon x", "kind:sandwich x"])
def test_a_query_that_asks_for_nothing_or_for_the_unknown_is_refused(grow: Grow, query: str) -> None:
    with pytest.raises(QueryError):
        grow({"a.py": "x = 1\n"}).search(query)


# Order and number of hits.


@pytest.mark.parametrize("asked", [LEXICAL, {"group_by": "chunk", **LEXICAL}])
def test_equal_files_stand_in_order_of_their_paths_also_at_the_cut(grow: Grow, asked: dict[str, Any]) -> None:
    names = ["e", "b", "d", "a", "c", "f"]
    index = grow({f"{name}{name}/jar.py": function("bake_cookie") for name in names})
    found = index.search("bake cookie", limit=6, **asked)
    assert paths(found) == [f"{name}{name}/jar.py" for name in sorted(names)]
    assert len({hit.points for hit in found}) == 1
    assert paths(index.search("bake cookie", limit=4, **asked)) == paths(found)[:4]


def test_more_candidates_than_are_looked_at_are_cut_by_path(grow: Grow) -> None:
    names = [f"{number:03}" for number in range(200)]
    index = grow({f"{name}.py": "def bake_cookie():\n    pass\n" for name in reversed(names)})
    assert paths(index.search("bake cookie", limit=20)) == [f"{name}.py" for name in names[:20]]


@pytest.mark.parametrize("asked", [LEXICAL, {"mode": "dense"}, {"group_by": "chunk", "mode": "lexical"}])
def test_a_smaller_limit_gives_the_first_hits_of_a_larger(grow: Grow, asked: dict[str, Any]) -> None:
    index = grow(
        {f"{name}.py": function(f"bake_{name}", doc="Bake it.") for name in ("bread", "cookie", "pie")}
    )
    every = list(index.search("bake cookie", limit=10, **asked))
    for limit in range(1, len(every) + 1):
        assert list(index.search("bake cookie", limit=limit, **asked)) == every[:limit]


def test_chunks_stand_by_themselves_best_first(grow: Grow) -> None:
    index = grow(
        {
            "jar.py": function("open_jar") + function("bake_cookie", doc="Bake a cookie."),
            "pan.py": function("bake_cookie_again", doc="Bake one more cookie.") + function("open_pan"),
        }
    )
    found = index.search("bake cookie", group_by="chunk", **LEXICAL)
    scores = [hit.points for hit in found]
    assert scores == sorted(scores, reverse=True)
    assert {hit.symbol for hit in found[:2]} == {"bake_cookie", "bake_cookie_again"}
    assert all(hit.more == () for hit in found)
    assert all(signals(hit) <= {"span", "file"} for hit in found)


def test_words_alone_give_no_reason_of_meaning(grow: Grow) -> None:
    index = grow(
        {f"{name}.py": function(f"bake_{name}", doc="Bake it.") for name in ("bread", "cookie", "pie")}
    )
    lexical = {hit.path: hit for hit in index.search("bake cookie", **LEXICAL)}
    hybrid = {hit.path: hit for hit in index.search("bake cookie")}
    dense = {hit.path: hit for hit in index.search("bake cookie", mode="dense")}
    assert lexical.keys() == hybrid.keys()
    meaning = {"meaning", "meaning, several places", "meaning of the first hits"}
    for path, hit in lexical.items():
        assert not signals(hit) & meaning
        assert {r for r in hybrid[path].reasons if r.signal not in meaning} == set(hit.reasons)
    assert all(signals(hit) <= meaning for hit in dense.values())


def test_files_near_the_first_hits_come_forward(grow: Grow) -> None:
    found = grow(
        {f"{name}.py": function(f"bake_{name}", doc="Bake it in the oven.") for name in ("bread", "cookie")}
    ).search("bake cookie")
    assert all("meaning of the first hits" in signals(hit) for hit in found)


def test_several_roots_answer_as_one(grow: Grow) -> None:
    files = {
        f"{name}.py": function(f"bake_{name}", doc="Bake it.") for name in ("bread", "cookie", "pie", "roll")
    }
    whole = grow(files)
    one, two = grow(dict(list(files.items())[:1])), grow(dict(list(files.items())[1:]))
    seen: set[str] = set()
    with semindex.open_all([one.root, two.root]) as both:
        for query in ("bake cookie", "bake_pie", "bake roll"):
            for asked in ({}, LEXICAL):
                expected = whole.search(query, **asked)
                found = both.search(query, **asked)
                assert [(hit.path, hit.points, hit.reasons) for hit in found] == [
                    (hit.path, hit.points, hit.reasons) for hit in expected
                ]
                seen |= {hit.repository for hit in found}
    assert seen == {str(one.root), str(two.root)}


def test_a_kind_says_which_files_it_leaves_out_for_their_language(grow: Grow) -> None:
    index = grow({"a.py": "def start():\n    return 1\n", "b.rego": "start = 1\n", "notes.txt": "start\n"})
    (note,) = index.search("start kind:function").coverage.notes
    assert note == "kind:function leaves out files in whose languages no definitions are found: rego (1 file)"
    assert index.search("start").coverage.notes == ()
    assert index.search("start kind:block lang:rego").coverage.notes == ()


def test_a_kind_that_a_language_lacks_is_told(grow: Grow) -> None:
    index = grow({"a.fish": "function start\n    echo 1\nend\n", "b.py": "class Start:\n    pass\n"})
    answer = index.search("start kind:class lang:fish")
    assert not answer.hits
    assert answer.coverage.notes == (
        "no class in the 1 file that the other filters let pass; they have function",
    )


def test_prose_is_left_out_without_a_word_unless_it_is_named(grow: Grow) -> None:
    index = grow({"a.py": "def start():\n    return 1\n", "notes.txt": "start\n"})
    assert index.search("start kind:function").coverage.notes == ()
    (note,) = index.search("start kind:function lang:text").coverage.notes
    assert note.endswith("text (1 file)")
