"""The JSON objects are part of the public face: they are spelled out here."""

from __future__ import annotations

import base64
import json

from msgspec.structs import fields, replace

from semindex.config import Loaded, Looked, Origin, Settings
from semindex.present.schema import (
    config_object,
    dumps,
    error_object,
    hits_object,
    record_object,
    report_object,
)
from semindex.types import BuildReport, Coverage, Status

from .records import ALSO, COVERAGE, HIT, REPORT, STATUS, TEXT, answer

HIT_JSON = {
    "path": "src/cookies.py",
    "start_line": 10,
    "end_line": 12,
    "score": 71.3,
    "symbol": "Jar.parse_cookie",
    "kind": "method",
    "lang": "python",
    "reasons": [
        {"signal": "names", "contribution": 0.75, "detail": "parse, cookie"},
        {"signal": "tests", "contribution": -0.5, "detail": ""},
    ],
    "text": TEXT,
    "more": [],
    "repository": "/repo",
    "digest": "00000000000000000000000000000000",
    "stale": False,
    "repo": None,
    "rev": None,
    "cell": None,
    "cell_line": None,
    "masked": 0,
    "points": 0.25,
    "part": None,
    "parts": None,
}


def test_an_answer_is_exactly_this() -> None:
    coverage = replace(COVERAGE, notes=("only below src/",))
    dumped = dumps(hits_object(answer(replace(HIT, more=(ALSO,)), coverage=coverage)))
    also = {
        **HIT_JSON,
        "start_line": 40,
        "end_line": 58,
        "score": 40.5,
        "symbol": None,
        "kind": "block",
        "reasons": [],
        "points": 0.125,
    }
    assert json.loads(dumped) == {
        "schema": 1,
        "query": "parse cookie",
        "query_kind": "words",
        "hits": [{**HIT_JSON, "more": [also]}],
        "coverage": {
            "seen": 318,
            "indexed": 312,
            "chunks": 4120,
            "skipped": {"too large": 2, "binary": 4},
            "freshness": "fresh",
            "changed": 0,
            "notes": ["only below src/"],
        },
    }
    assert dumped.startswith('{"schema": 1, "query": ')
    assert "\n" not in dumped


def test_keys_come_in_the_documented_order() -> None:
    assert list(hits_object(answer(HIT))["hits"][0]) == list(HIT_JSON)


def test_a_stale_hit_has_no_text() -> None:
    (hit,) = hits_object(answer(replace(HIT, text=None, stale=True)))["hits"]
    assert hit["text"] is None
    assert hit["stale"] is True


def test_text_is_left_out_on_request_everywhere() -> None:
    (hit,) = hits_object(answer(replace(HIT, more=(ALSO,))), with_text=False)["hits"]
    assert (hit["text"], hit["more"][0]["text"]) == (None, None)


def test_a_path_that_is_not_utf8_comes_with_its_bytes() -> None:
    dumped = dumps(hits_object(answer(replace(HIT, path="a\udcff.py"))))
    (hit,) = json.loads(dumped)["hits"]
    assert hit["path"] == "a\ufffd.py"
    assert base64.b64decode(hit["path_bytes"]) == b"a\xff.py"
    assert list(hit)[:2] == ["path", "path_bytes"]


def test_escapes_reach_the_terminal_only_escaped() -> None:
    hostile = replace(HIT, text="\x1b[2J\x9b31m\x7f\u202e", symbol="\x1b]0;x\x07", path="a\nb")
    dumped = dumps(hits_object(answer(hostile)))
    assert all(" " <= char <= "~" for char in dumped)
    assert json.loads(dumped)["hits"][0]["text"] == hostile.text
    assert json.loads(dumped)["hits"][0]["path"] == "a\nb"


def test_other_scripts_stay_readable_unless_the_stream_cannot() -> None:
    content = error_object("QueryError", "日本 é")
    assert "日本 é" in dumps(content)
    assert dumps(content, ascii_only=True).isascii()
    assert json.loads(dumps(content)) == json.loads(dumps(content, ascii_only=True))


def test_a_query_with_stray_bytes_stays_valid_json() -> None:
    dumps(hits_object(answer(raw="caf\udce9"))).encode("utf-8")


def test_an_error_is_exactly_this() -> None:
    assert json.loads(dumps(error_object("NotIndexed", "run: semindex index"))) == {
        "schema": 1,
        "error": {"type": "NotIndexed", "message": "run: semindex index"},
    }


def test_a_report_carries_every_field() -> None:
    shown = report_object(REPORT, root="/repo", index_dir="/repo/.semindex")
    assert set(shown) == {field.name for field in fields(BuildReport)} | {"root", "index_dir"}
    assert shown["failures"] == [
        {"path": "bad.py", "stage": "parse", "reason": "analysis failed", "detail": "took too long"}
    ]
    assert (shown["added"], shown["peak_bytes"], shown["skipped"]) == (310, 210_000_000, REPORT.skipped)
    json.loads(dumps(shown))


def test_a_status_carries_every_field() -> None:
    shown = record_object(STATUS)
    assert list(shown) == [field.name for field in fields(Status)]
    for name in set(shown) - {"failures", "left_out", "shared", "problems", "notes"}:
        assert shown[name] == getattr(STATUS, name)
    assert (shown["notes"], shown["shared"]) == (["a note"], [{"root": "/main", "files": 300}])
    json.loads(dumps(shown))


def test_a_coverage_carries_every_field() -> None:
    assert list(hits_object(answer())["coverage"]) == [field.name for field in fields(Coverage)]


def test_a_configuration_is_exactly_this() -> None:
    loaded = Loaded(
        Settings(passed_over=("a line",)),
        (
            Origin("PERFORMANCE.CACHE_SIZE", 7, "/a.toml:3"),
            Origin("PERFORMANCE.ENABLE_CACHING", True, "default"),
        ),
        (Looked("/a.toml", "read"),),
    )
    assert config_object(loaded) == {
        "settings": [
            {"key": "PERFORMANCE.CACHE_SIZE", "value": 7, "source": "/a.toml:3"},
            {"key": "PERFORMANCE.ENABLE_CACHING", "value": True, "source": "default"},
        ],
        "files": [{"path": "/a.toml", "outcome": "read"}],
        "notes": ["a line"],
    }
