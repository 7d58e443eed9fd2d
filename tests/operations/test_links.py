"""What the operations on the code graph answer, in full, over small repositories."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import semindex
from semindex.errors import QueryError
from semindex.index import Index
from semindex.library import Indexes
from semindex.types import Links
from tests.product import plant

FILES: dict[str | bytes, bytes] = {
    "shop/__init__.py": b"",
    "shop/base.py": b"import os\nclass Base:\n    def save(self): ...\n    def load(self): os.stat('a')\n",
    "shop/store.py": (
        b"from shop.base import Base\n"
        b"class Store(Base):\n"
        b"    def save(self):\n        helper()\n"
        b"def helper(): ...\n"
        b"def load(): ...\n"
    ),
    "shop/use.py": (
        b"from shop.store import Store\n"
        b"from shop.base import Base\n"
        b"def run(one: Base):\n    one.save()\n    unknown.save()\n"
        b"def main():\n    run(Store())\n"
    ),
    "tests/test_use.py": b"from shop.use import main\ndef test_main():\n    main()\ndef load(): ...\n",
    "app/Main.kt": b"fun start() { start() }\n",
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    with semindex.open(plant(tmp_path_factory.mktemp("shop"), FILES)) as index:
        index.refresh()
        yield index


def told(answer: Links) -> list[str]:
    """Each place on a line, with what is said of it but the ordinary."""
    return [
        f"{each.path}:{each.line} {each.symbol or '-'}"
        + (f" {each.role}" if each.role != "call" else "")
        + (f" {each.tier}" if each.tier != "resolved" else "")
        + (f" {each.via}" if each.via else "")
        + (f" {each.distance}" if each.distance > 1 else "")
        + (" test" if each.test else "")
        + (f" -> {each.target.symbol or each.target.path}" if each.target else "")
        for each in answer.links
    ]


def named(answer: Links) -> list[str]:
    return [f"{each.path}:{each.line} {each.symbol}" for each in answer.candidates]


def test_callers_come_with_those_of_callers_to_a_depth(shop: Index) -> None:
    answer = shop.callers("Base.save", depth=3)
    assert told(answer) == [
        "shop/use.py:4 run -> Base.save",
        "shop/use.py:7 main 2 -> run",
        "tests/test_use.py:3 test_main 3 test -> main",
    ]
    assert (answer.total, answer.tests, answer.at_least) == (3, 1, False)
    assert answer.links[0].text == "one.save()"
    assert (answer.definitions[0].path, answer.definitions[0].line) == ("shop/base.py", 3)


def test_tests_may_be_left_out_and_places_limited(shop: Index) -> None:
    assert told(shop.callers("main")) == ["tests/test_use.py:3 test_main test -> main"]
    assert told(shop.callers("main", no_tests=True)) == []
    limited = shop.callers("Base.save", depth=3, limit=1)
    assert (len(limited.links), limited.total) == (1, 3)
    assert told(shop.callers("Base.save", depth=3, path=["tests"])) == [
        "tests/test_use.py:3 test_main 3 test -> main"
    ]


def test_a_place_where_only_the_name_matches_is_given_when_asked_for(shop: Index) -> None:
    assert told(shop.callers("Base.save", guesses=True)) == [
        "shop/use.py:4 run -> Base.save",
        "shop/use.py:5 run name",
    ]


def test_callers_through_a_base_are_marked(shop: Index) -> None:
    assert told(shop.callers("Store.save")) == ["shop/use.py:4 run base -> Base.save"]


def test_callees_go_deeper_and_tell_what_leads_out(shop: Index) -> None:
    assert told(shop.callees("main", depth=2)) == [
        "shop/use.py:7 main -> run",
        "shop/use.py:7 main -> Store",
        "shop/use.py:4 run 2 -> Base.save",
    ]
    inner = shop.callees("Base.load")
    assert told(inner) == []
    assert "not listed: 1 calls that lead out of the index, 0 that are not known" in inner.coverage.notes
    assert told(shop.callees("Base.load", external=True)) == ["shop/base.py:4 Base.load external"]


def test_refs_have_every_role(shop: Index) -> None:
    assert told(shop.refs("Base")) == [
        "shop/store.py:1 - import -> Base",
        "shop/store.py:2 Store base -> Base",
        "shop/use.py:2 - import -> Base",
        "shop/use.py:3 run type -> Base",
    ]


def test_imports_go_both_ways(shop: Index) -> None:
    assert told(shop.imports("shop/store.py")) == [
        "shop/store.py:1 - import -> shop/base.py",
        "shop/use.py:1 - import -> shop/store.py",
    ]
    assert told(shop.imports("shop/base.py"))[0] == "shop/base.py:1 - import external"
    with pytest.raises(QueryError, match=r"no indexed file has .*; near .*shop/store.py"):
        shop.imports("shop/stor.py")


def test_impact_goes_through_subclasses_to_the_tests(shop: Index) -> None:
    assert told(shop.impact("helper")) == [
        "shop/store.py:4 Store.save -> helper",
        "shop/use.py:4 run base 2 -> Base.save",
        "shop/use.py:7 main 3 -> run",
    ]
    assert told(shop.impact("helper", depth=4))[-1] == "tests/test_use.py:3 test_main 4 test -> main"
    of_file = told(shop.impact("shop/base.py", depth=1))
    assert of_file[:2] == ["shop/store.py:1 - import -> Base", "shop/store.py:2 Store base -> Base"]


def test_a_path_is_a_shortest_chain_of_calls(shop: Index) -> None:
    assert told(shop.path("test_main", "Base.save")) == [
        "tests/test_use.py:3 test_main test -> main",
        "shop/use.py:7 main 2 -> run",
        "shop/use.py:4 run 3 -> Base.save",
    ]
    assert told(shop.path("main", "helper"))[1:] == [
        "shop/use.py:4 run override 2 -> Store.save",
        "shop/store.py:4 Store.save 3 -> helper",
    ]
    assert told(shop.path("helper", "main")) == []


def test_a_place_names_the_definition_around_it(shop: Index) -> None:
    assert told(shop.callers("shop/use.py:4")) == told(shop.callers("run"))
    assert shop.callers("shop/use.py:1").coverage.notes[-1].startswith("no definition that the code graph")
    with pytest.raises(QueryError, match=r"shop/use\.py is a file"):
        shop.callers("shop/use.py")
    with pytest.raises(QueryError, match="the name is empty"):
        shop.refs(" ")


def test_a_name_with_several_meanings_lists_them(shop: Index) -> None:
    answer = shop.callers("save")
    assert named(answer) == ["shop/base.py:3 Base.save", "shop/store.py:3 Store.save"]
    assert not answer.links and not answer.definitions


def test_what_has_the_whole_name_is_meant_and_what_is_in_tests_is_not(shop: Index) -> None:
    answer = shop.callers("load")
    assert [each.path for each in answer.definitions] == ["shop/store.py"]
    assert answer.coverage.notes[-1].startswith("other definitions of load: ")
    assert "Base.load (shop/base.py:4)" in answer.coverage.notes[-1]


def test_a_name_that_nothing_has_gets_suggestions(shop: Index) -> None:
    answer = shop.callers("helpr")
    assert (answer.definitions, answer.candidates, answer.links) == ((), (), ())
    assert answer.suggestions[0] == "helper"
    wrong_class = shop.callers("Basket.save")
    assert named(wrong_class) and not wrong_class.definitions


def test_a_language_that_is_not_followed_is_told(shop: Index) -> None:
    answer = shop.callers("start")
    assert not answer.links
    assert answer.coverage.notes[-1].startswith("the code graph does not follow kotlin; `semindex grep")


def test_a_changed_file_is_told(tmp_path: Path) -> None:
    root = plant(tmp_path, FILES)
    with semindex.open(root) as index:
        index.refresh()
        (root / "shop/use.py").write_bytes(b"# new\n" + FILES["shop/use.py"])
        stale = index.callers("run")
        assert [(each.stale, each.text) for each in stale.links] == [(True, None)]
        assert "1 of the files shown have changed since they were indexed" in stale.coverage.notes
        (fresh,) = index.callers("run", refresh=True).links
        assert (fresh.line, fresh.stale, fresh.text) == (8, False, "run(Store())")


def test_what_changed_since_a_commit(tmp_path: Path) -> None:
    root = plant(tmp_path, FILES)

    def git(*words: str) -> None:
        name = ("-c", "user.name=a", "-c", "user.email=a@b")
        subprocess.run(["git", *name, *words], cwd=root, check=True, capture_output=True)

    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "all")
    store = FILES["shop/store.py"].replace(b"def helper(): ...", b"def helper(): return 1")
    (root / "shop/store.py").write_bytes(b"# said\n" + store)
    with semindex.open(root) as index:
        index.refresh()
        answer = index.impact("HEAD", diff=True, depth=2)
        assert [each.symbol for each in answer.definitions] == ["helper"]
        assert told(answer) == [
            "shop/store.py:5 Store.save -> helper",
            "shop/use.py:4 run base 2 -> Base.save",
        ]
        assert answer.coverage.notes[-1].startswith("1 of the files have changes outside of definitions")
        with pytest.raises(QueryError, match="git knows no commit 'nosuch'"):
            index.impact("nosuch", diff=True)


def test_several_repositories_are_asked_each_for_itself(tmp_path: Path) -> None:
    one = plant(tmp_path / "one", {"a.py": b"def only(): ...\ndef user(): only()\ndef both(): ...\n"})
    two = plant(tmp_path / "two", {"b.py": b"def other(): only()\ndef both(): ...\ndef more(): both()\n"})
    opened: list[Any] = [semindex.open(root) for root in (one, two)]
    for index in opened:
        index.refresh()
    with Indexes(opened) as several:
        assert told(several.callers("only")) == ["a.py:2 user -> only"]
        found = several.callers("both")
        assert [(each.repository, each.path) for each in found.candidates] == [
            (str(one), "a.py"),
            (str(two), "b.py"),
        ]
        assert told(several.callers(f"{two}/b.py:2")) == ["b.py:3 more -> both"]
        assert told(several.path("only", "more")) == []
