"""What an oracle's own program prints becomes sites."""

from __future__ import annotations

import json

import msgspec
import pytest

from benchmarks.graph.oracles.lines import sites_by_path
from benchmarks.graph.truth import Site, Target, Verdict


def printed(line: int, verdict: str, *targets: int, call: bool = True) -> str:
    found = [{"path": "b.go", "line": target} for target in targets]
    place = {"path": "a.go", "line": line, "column": 3, "name": "f"}
    return json.dumps({**place, "call": call, "verdict": verdict, "targets": found})


def test_sites_are_in_order_and_their_targets_too() -> None:
    found = sites_by_path([printed(9, "external"), printed(2, "internal", 7, 4, call=False)])

    assert found == {
        "a.go": [
            Site(2, 3, "f", False, Verdict.INTERNAL, (Target("b.go", 4), Target("b.go", 7))),
            Site(9, 3, "f", True, Verdict.EXTERNAL),
        ]
    }


def test_a_name_that_two_checks_describe_is_one_site() -> None:
    (site,) = sites_by_path([printed(2, "internal", 4), printed(2, "internal", 4)])["a.go"]

    assert site.targets == (Target("b.go", 4),)


def test_a_line_of_another_form_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        sites_by_path([printed(2, "perhaps")])
