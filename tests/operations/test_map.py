"""The map of small repositories, whole."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

import semindex
from semindex.errors import QueryError
from semindex.tokens import model_tokens
from tests.product import plant

SHOP: dict[str | bytes, bytes] = {
    "shop/__init__.py": b"from .cart import Cart\nfrom .limits import *\n",
    "shop/cart.py": (
        b"from ._store import Store, connect\n\n"
        b"class Cart:\n"
        b"    def __init__(self, store: Store) -> None:\n        self.store = store\n\n"
        b"    @property\n    def size(self) -> int:\n        return 1\n\n"
        b"    def add(\n        self,\n        item: str,\n        count: int = 1,  # how many\n"
        b"    ) -> None:\n"
        b"        connect().put(item)\n\n"
        b"    def _check(self) -> None: ...\n"
    ),
    "shop/_store.py": (
        b"class Store:\n    def put(self, item: str) -> None: ...\n"
        b"    def never(self) -> None: ...\n\n"
        b"def connect() -> Store:\n    def inner() -> None: ...\n    return Store()\n"
    ),
    "shop/limits.py": b"MOST = 3\n_HIDDEN = 4\n",
    "shop/unused.py": b"def lonely() -> None: ...\n",
    "tests/test_cart.py": (
        b"from shop import Cart, MOST\ndef test_add():\n    Cart(None).add('a')\n    assert MOST\n"
    ),
    "README.md": b"# Shop\n",
}
WHOLE = """\
shop/cart.py
  3: class Cart
    4: def __init__(self, store: Store) -> None
    7: def size(self) -> int
    11: def add(self, item: str, count: int = 1) -> None
    18: def _check(self) -> None
shop/limits.py
  1: MOST = 3
  2: _HIDDEN = 4
shop/_store.py
  1: class Store
    2: def put(self, item: str) -> None
    3: def never(self) -> None
  5: def connect() -> Store
shop/unused.py
  1: def lonely() -> None
tests: tests (1)"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = plant(tmp_path_factory.mktemp("shop"), SHOP)
    with semindex.open(root) as index:
        index.refresh()
    return root


def drawn(root: Path, **asked: object) -> str:
    with semindex.open(root) as index:
        return "\n".join(index.map(**asked).lines())  # type: ignore[arg-type]


def test_what_the_package_offers_comes_first_and_members_stand_under_their_class(shop: Path) -> None:
    assert drawn(shop) == WHOLE


def test_a_map_says_how_often_a_definition_is_named(shop: Path) -> None:
    with semindex.open(shop) as index:
        answer = index.map()
    counted = {
        each.symbol: (each.references, each.tests) for file in answer.files for each in file.definitions
    }
    assert counted["Cart"] == (3, 2)
    assert counted["Cart.add"] == (1, 1)
    assert counted["Store"] == (2, 0)
    assert counted["lonely"] == (0, 0)
    assert [file.exported for file in answer.files] == [True, True, False, False]
    assert answer.total == 5


@pytest.mark.parametrize("tokens", [100, 110, 120, 150])
def test_a_map_keeps_to_its_tokens_and_shows_what_matters_most(shop: Path, tokens: int) -> None:
    with semindex.open(shop) as index:
        answer = index.map(tokens=tokens)
    lines = list(answer.lines())
    assert answer.tokens == sum(model_tokens(line) + 1 for line in lines) <= tokens
    assert "  3: class Cart" in lines
    assert set(lines) <= set(WHOLE.split("\n"))


def test_a_map_for_a_file_begins_with_it(shop: Path) -> None:
    assert drawn(shop, file=["shop/unused.py"]).startswith("shop/unused.py\n  1: def lonely")
    assert drawn(shop, file=[str(shop / "shop/_store.py")], tokens=100).startswith("shop/_store.py\n")
    assert drawn(shop, file=["tests/test_cart.py"]).startswith("tests/test_cart.py\n")
    with pytest.raises(QueryError, match=r"there is no indexed file of code 'shop/none\.py'"):
        drawn(shop, file=["shop/none.py"])


def test_a_map_for_a_question_begins_with_what_a_search_finds(shop: Path) -> None:
    assert drawn(shop, query="lonely").startswith("shop/unused.py\n")


def test_a_map_of_a_folder_shows_what_lies_there(shop: Path) -> None:
    assert drawn(shop, scope="tests") == "tests: tests (1)"
    assert drawn(shop, scope="shop/unused.py") == "shop/unused.py\n  1: def lonely() -> None"


def test_a_class_has_its_fields_once_and_overloads_stand_once(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            "a.py": (
                b"from typing import overload\n"
                b"@overload\ndef get(key: int) -> int: ...\n"
                b"@overload\ndef get(key: str) -> str: ...\n"
                b"def get(key): return key\n"
            ),
            "b.py": b"from a import get\nget(1)\n",
        },
    )
    with semindex.open(tmp_path) as index:
        index.refresh()
    assert drawn(tmp_path) == "a.py\n  6: def get(key)"


def test_without_a_graph_of_a_language_names_tell_what_matters(tmp_path: Path) -> None:
    files: dict[str | bytes, bytes] = {
        "lib/parser.rb": b"class HtmlParser\n  def parse_text(text)\n    text\n  end\nend\n",
        "lib/spare.rb": b"class SparePart\n  def run\n  end\nend\n",
    }
    for number in range(4):
        files[f"lib/use{number}.rb"] = b"def use%d\n  HtmlParser.new.parse_text(1)\nend\n" % number
    plant(tmp_path, files)
    with semindex.open(tmp_path) as index:
        index.refresh()
        answer = index.map()
    assert list(itertools.islice(answer.lines(), 3)) == [
        "lib/parser.rb",
        "  1: class HtmlParser",
        "    2: def parse_text(text)",
    ]
    assert answer.coverage.notes[-1] == "importance by names alone, as nothing resolves them: ruby"


def test_nothing_to_map_is_an_empty_map(tmp_path: Path) -> None:
    plant(tmp_path, {"README.md": b"# Nothing\n"})
    with semindex.open(tmp_path) as index:
        index.refresh()
        answer = index.map()
    assert (answer.files, answer.tests, answer.total, answer.tokens) == ((), (), 0, 0)
