"""Call edges of a small Go repository, in full."""

from __future__ import annotations

from pathlib import Path

from tests.graph.test_edges import sites, told
from tests.product import plant

FILES: dict[str | bytes, bytes] = {
    "go.mod": b"module example.org/shop\n\nreplace example.org/tools => ./tools\n",
    "shop.go": (
        b'package shop\nimport (\n"os"\n"example.org/shop/cart"\n'
        b'"example.org/tools/log"\n"example.org/other"\n)\n'
        b"type Shop struct { *cart.Cart; all []cart.Box; by map[string]Opener; hook Hook }\n"
        b"type Opener interface { Open() *cart.Box }\n"
        b"type Hook func() cart.Box\n"
        b"func (s *Shop) Do(o Opener) {\n"
        b"    s.Add(1); s.Missing()\n"
        b"    for _, box := range s.all { box.Shut() }\n"
        b'    s.by["a"].Open().Shut()\n'
        b"    o.Open().Shut()\n"
        b"    s.hook().Shut()\n"
        b"    helper(); os.Exit(1); other.New().Run(); len(s.all); unknown()\n"
        b"    log.Print()\n"
        b"    Default.Do(nil)\n"
        b"}\n"
    ),
    "more_linux.go": b"package shop\nfunc helper() {}\nvar Default = &Shop{}\n",
    "more_windows.go": b"package shop\nfunc helper() {}\nvar Default = odd()\n",
    "cart/cart.go": (
        b"package cart\ntype Cart struct{}\nfunc (c *Cart) Add(n int) {}\n"
        b"type Box struct{}\ntype Boxes []*Box\nfunc (b Boxes) First() *Box { b[0].Shut(); return b[0] }\n"
    ),
    "cart/box.go": b"package cart\nfunc (b Box) Shut() { internal() }\nfunc internal() {}\n",
    "cart/cart_test.go": (
        b'package cart_test\nimport . "example.org/shop/cart"\n'
        b"func TestA() { b := Boxes{}; b.First().Shut(); help() }\n"
    ),
    "cart/help_test.go": b"package cart_test\nfunc help() {}\n",
    "tools/go.mod": b"module example.org/tools\n",
    "tools/log/log.go": b"package log\nfunc Print() {}\n",
    "vendor/example.org/other/other.go": (
        b"package other\ntype O struct{}\nfunc New() O { return O{} }\nfunc (O) Run() {}\n"
    ),
}


def test_edges_go_through_packages_receivers_fields_and_embedded_types(tmp_path: Path) -> None:
    assert told(sites(plant(tmp_path, FILES))) == [
        "cart/box.go:2 internal resolved cart/box.go:3:internal",
        "cart/cart.go:6 Shut resolved cart/box.go:2:Box.Shut",
        "cart/cart_test.go:3 First resolved cart/cart.go:6:Boxes.First",
        "cart/cart_test.go:3 Shut resolved cart/box.go:2:Box.Shut",
        "cart/cart_test.go:3 help resolved cart/help_test.go:2:help",
        "more_windows.go:3 odd name ",
        "shop.go:12 Add resolved cart/cart.go:3:Cart.Add",
        "shop.go:12 Missing name ",
        "shop.go:13 Shut resolved cart/box.go:2:Box.Shut",
        "shop.go:14 Open resolved shop.go:9:Opener.Open",
        "shop.go:14 Shut resolved cart/box.go:2:Box.Shut",
        "shop.go:15 Open resolved shop.go:9:Opener.Open",
        "shop.go:15 Shut resolved cart/box.go:2:Box.Shut",
        "shop.go:16 hook name ",
        "shop.go:16 Shut resolved cart/box.go:2:Box.Shut",
        "shop.go:17 helper resolved more_linux.go:2:helper,more_windows.go:2:helper",
        "shop.go:17 Exit external ",
        "shop.go:17 New resolved vendor/example.org/other/other.go:3:New",
        "shop.go:17 Run resolved vendor/example.org/other/other.go:4:O.Run",
        "shop.go:17 len external ",
        "shop.go:17 unknown name ",
        "shop.go:18 Print resolved tools/log/log.go:2:Print",
        "shop.go:19 Do resolved shop.go:11:Shop.Do",
    ]


def test_a_folder_that_is_no_package_is_outside(tmp_path: Path) -> None:
    files: dict[str | bytes, bytes] = {
        "go.mod": b"module a.b/c\n",
        "docs/readme.md": b"# Text\n",
        "main.go": b'package main\nimport ("a.b/c/docs"; x "a.b/cd")\nfunc main() { docs.Run(); x.Run() }\n',
    }
    assert told(sites(plant(tmp_path, files))) == ["main.go:3 Run external ", "main.go:3 Run external "]
