"""Paths with lines, and the frames of stack traces."""

from __future__ import annotations

import pytest

from semindex.search.places import places_in, whole_place
from semindex.types import Place

from .growing import Grow

TRACES = {
    "python": (
        'Traceback (most recent call last):\n  File "/a/lib/run.py", line 3, in main\n    go()\n'
        '  File "/a/web/app.py", line 12, in go\n    raise ValueError\nValueError',
        [("/a/web/app.py", 12), ("/a/lib/run.py", 3)],
    ),
    "java": (
        "java.lang.IllegalStateException: no\n\tat org.shop.Cart.add(Cart.java:17)\n"
        "\tat java.base/java.lang.Thread.run(Thread.java:829)",
        [("org/shop/Cart.java", 17), ("java/lang/Thread.java", 829)],
    ),
    "node": (
        "TypeError: x\n    at get (/srv/app/src/web.ts:12:5)\n    at node:internal/process:95:5",
        [("/srv/app/src/web.ts", 12), ("internal/process", 95)],
    ),
    "go": (
        "goroutine 1 [running]:\nmain.get(0xc0)\n\t/home/me/src/web/get.go:12 +0x1d",
        [("/home/me/src/web/get.go", 12)],
    ),
    "ruby": (
        "/app/lib/cart.rb:17:in `add': undefined method (NoMethodError)\n\tfrom bin/run:3:in `<main>'",
        [("/app/lib/cart.rb", 17), ("bin/run", 3)],
    ),
    "rust": ("  3: shop::add\n             at ./src/cart.rs:17:9", [("src/cart.rs", 17)]),
    "csharp": (r"   at Shop.Cart.Add(String x) in C:\src\Cart.cs:line 17", [(r"C:\src\Cart.cs", 17)]),
    "php": (
        "Uncaught Error in /www/cart.php:17\n#0 /www/index.php(3): add()\nthrown in /www/cart.php on line 17",
        [("/www/cart.php", 17), ("/www/index.php", 3)],
    ),
    "elixir": ("    (shop 0.1.0) lib/cart.ex:17: Shop.Cart.add/2", [("lib/cart.ex", 17)]),
    "gdb": ("#1  0x5555 in add (s=0x0) at src/cart.c:17", [("src/cart.c", 17)]),
    "perl": ("Died at lib/Cart.pm line 17.", [("lib/Cart.pm", 17)]),
    "tsc": ("src/web.ts(12,5): error TS2322: Type 'x' is not assignable", [("src/web.ts", 12)]),
    "link": (
        "see https://host.example/blob/main/src/web.ts#L12 there",
        [("//host.example/blob/main/src/web.ts", 12)],
    ),
}


@pytest.mark.parametrize("trace", TRACES)
def test_the_frames_of_a_trace_are_places_the_nearest_to_the_error_first(trace: str) -> None:
    text, wanted = TRACES[trace]
    assert [(place.path, place.line) for place in places_in(text)] == wanted


@pytest.mark.parametrize(
    "text", ["how are cookies parsed", "std::move(x)", "a ? b : c", "12:00:01 x", "v1.2:3a"]
)
def test_other_text_names_no_place(text: str) -> None:
    assert places_in(text) == ()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("src/web.ts:12", Place("src/web.ts", 12)),
        ("src/web.ts:12:5", Place("src/web.ts", 12)),
        ("web.ts#L12-L20", Place("web.ts", 12)),
        ("web.ts(12,5)", Place("web.ts", 12)),
        ("src/web.ts", Place("src/web.ts")),
    ],
)
def test_a_query_may_be_nothing_but_a_place(text: str, place: Place) -> None:
    assert whole_place(text) == place


def test_a_place_is_a_file_whose_path_ends_alike_and_the_line_is_shown(grow: Grow) -> None:
    long = "".join(f"def f{n}(a):\n    return a + {n}\n\n\n" for n in range(60))
    index = grow({"src/web/app.py": long, "src/lib/app.py": long, "src/lib/run.py": long})
    for query in ("/srv/x/web/app.py:170", "web/app.py:170", r"C:\work\web\app.py:170"):
        first = index.search(query)[0]
        assert first.path == "src/web/app.py"
        assert first.start_line <= 170 <= first.end_line
        assert first.line == 170
    trace = (
        'Traceback (most recent call last):\n  File "/usr/lib/python3.11/threading.py", line 9, in run\n'
        '  File "/srv/x/lib/run.py", line 30, in f7\n  File "/srv/x/web/app.py", line 170, in f42\n'
        "KeyError: 'lib'"
    )
    hits = index.search(trace)
    assert [hit.path for hit in hits][:2] == ["src/web/app.py", "src/lib/run.py"]
    assert all(hit.start_line <= line <= hit.end_line for hit, line in zip(hits, (170, 30), strict=False))
    assert [hit.line for hit in hits][:2] == [170, 30]
    assert hits.query.kind == "stack trace"


def test_a_line_behind_the_end_of_a_file_is_told(grow: Grow) -> None:
    hits = grow({"a.py": "x = 1\n"}).search("a.py:99")
    assert (hits[0].path, hits[0].line) == ("a.py", None)
    assert "a.py has 1 line, and no line 99" in hits.coverage.notes


def test_a_file_that_the_index_does_not_have_is_told(grow: Grow) -> None:
    index = grow({"src/a.py": "port = localhost\n"})
    told = "no file of the index has the path src/b.py; shown is what is like it"
    assert told in index.search("src/b.py:9").coverage.notes
    for query in ("localhost:8080", "cannot reach example.com:80", "read/write:1", "src/a.py:1"):
        assert not [note for note in index.search(query).coverage.notes if "has the path" in note], query
