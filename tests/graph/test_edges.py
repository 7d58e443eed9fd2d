"""Call edges of small repositories, in full."""

from __future__ import annotations

import random
from pathlib import Path

import semindex
from semindex.graph.sites import CallSite, call_sites
from tests.product import plant

FILES: dict[str | bytes, bytes] = {
    "src/shop/__init__.py": b"from .cart import Cart as Basket\nfrom .tools import *\n",
    "src/shop/cart.py": (
        b"from __future__ import annotations\n"
        b"from .base import Base\n"
        b"from . import tools\n"
        b"import os\n"
        b"class Cart(Base):\n"
        b"    def __init__(self, store: Store):\n        self.store = store\n"
        b"    def add(self, item):\n        self.check(item)\n        self.store.put(item)\n"
        b"        return self\n"
        b"    def save(self): os.path.join('a'); tools.log('x'); unknown(); self.nothing()\n"
        b"class Store:\n    def put(self, item): ...\n    def open(self) -> Store: ...\n"
    ),
    "src/shop/base.py": (
        b"class Base:\n    def check(self, item): ...\n    def __enter__(self):\n        return self\n"
    ),
    "src/shop/tools.py": b"def log(text): ...\ndef _hidden(): ...\n",
    "tests/test_cart.py": (
        b"from shop import Basket, log\n"
        b"import shop.cart\n"
        b"def test_add(fixture):\n"
        b"    with Basket(shop.cart.Store()) as cart:\n        cart.add(1).add(2)\n"
        b"    log('done')\n    fixture.go()\n"
    ),
}


def sites(root: Path) -> list[CallSite]:
    with semindex.open(root) as index:
        index.refresh()
        return list(call_sites(index.snapshot().graph()))


def told(found: list[CallSite]) -> list[str]:
    return [
        f"{site.path}:{site.line} {site.name} {site.tier} "
        + ",".join(f"{each.path}:{each.line}:{each.symbol}" for each in site.targets)
        for site in found
    ]


def test_edges_go_through_imports_bases_and_attributes(tmp_path: Path) -> None:
    assert told(sites(plant(tmp_path, FILES))) == [
        "src/shop/cart.py:9 check resolved src/shop/base.py:2:Base.check",
        "src/shop/cart.py:10 put resolved src/shop/cart.py:14:Store.put",
        "src/shop/cart.py:12 join external ",
        "src/shop/cart.py:12 log resolved src/shop/tools.py:1:log",
        "src/shop/cart.py:12 unknown name ",
        "src/shop/cart.py:12 nothing name ",
        "tests/test_cart.py:4 Basket resolved src/shop/cart.py:5:Cart",
        "tests/test_cart.py:4 Store resolved src/shop/cart.py:13:Store",
        "tests/test_cart.py:5 add resolved src/shop/cart.py:8:Cart.add",
        "tests/test_cart.py:5 add resolved src/shop/cart.py:8:Cart.add",
        "tests/test_cart.py:6 log resolved src/shop/tools.py:1:log",
        "tests/test_cart.py:7 go name ",
    ]


def test_any_edits_give_the_edges_of_a_fresh_index(tmp_path: Path) -> None:
    root = plant(tmp_path / "edited", FILES)
    sites(root)
    chance = random.Random(2)
    pieces = [
        b"def check(self): ...\n",
        b"from shop import Basket as Cart\n",
        b"class Store:\n    def put(self): log()\n",
    ]
    for turn in range(12):
        path = root / str(chance.choice([*FILES]))
        if chance.random() < 0.2:
            path.unlink(missing_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(chance.choice([*FILES.values()]) + chance.choice(pieces))
        edited = sites(root)
        fresh = plant(
            tmp_path / f"fresh{turn}",
            {str(each.relative_to(root)): each.read_bytes() for each in root.rglob("*.py")},
        )
        assert edited == sites(fresh)
