"""Older versions beside newer ones."""

from __future__ import annotations

from pathlib import Path

import pytest

import semindex
from semindex.config import Settings
from semindex.search.paths import PathColumns
from semindex.search.versions import is_newer
from semindex.search.weights import WEIGHTS
from semindex.source.roles import Role, path_facts
from semindex.store.generation import Generation
from semindex.types import Hit, Hits
from tests.corpus import opened_generation

from .growing import Grow

LEGACY = "legacy file"


def types(version: str) -> str:
    return f"""package {version}

// DeploymentSpec is the specification of the desired behavior of a deployment.
type DeploymentSpec struct {{
	// Replicas is the number of desired pods.
	Replicas *int32
}}
"""


TREE = {
    f"api/apps/{version}/types.go": types(version) for version in ("v1", "v1beta1", "v1beta2", "v2alpha1")
} | {"api/batch/v1/types.go": types("v1")}
QUESTION = "specification of the desired behavior of a deployment"


def penalties(found: Hits) -> dict[str, float]:
    return {hit.path: penalty(hit) for hit in found if penalty(hit)}


def penalty(hit: Hit) -> float:
    return sum(reason.contribution for reason in hit.reasons if reason.signal == LEGACY)


def test_an_older_version_beside_a_newer_one_is_legacy(grow: Grow) -> None:
    found = grow(TREE).search(QUESTION)
    assert penalties(found) == dict.fromkeys(
        ("api/apps/v1beta1/types.go", "api/apps/v1beta2/types.go"), WEIGHTS.legacy
    )
    assert {hit.path for hit in found[:3]}.isdisjoint(penalties(found))


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ("v1beta1", ["api/apps/v1beta2/types.go"]),
        ("apps/v1beta1 and apps/V1Beta2", []),
        ("legacy", []),
        ("v1", ["api/apps/v1beta1/types.go", "api/apps/v1beta2/types.go"]),
    ],
)
def test_a_query_that_names_a_version_or_asks_for_legacy_takes_nothing_away(
    grow: Grow, asked: str, left: list[str]
) -> None:
    assert sorted(penalties(grow(TREE).search(f"{QUESTION} {asked}"))) == left


def test_what_was_the_newest_is_legacy_when_a_newer_one_comes_and_no_more_when_it_goes(
    tmp_path: Path,
) -> None:
    root = tmp_path / "tree"
    for version in ("v1", "v2"):
        (root / "api" / version).mkdir(parents=True)
    (root / "api" / "v1" / "types.go").write_text(types("v1"))
    newer = root / "api" / "v2" / "types.go"
    with semindex.open(root, settings=Settings()) as index:
        index.refresh()
        assert not penalties(index.search(QUESTION))
        newer.write_text(types("v2"))
        assert sorted(penalties(index.search(QUESTION, refresh=True))) == ["api/v1/types.go"]
        newer.unlink()
        assert not penalties(index.search(QUESTION, refresh=True))


def test_a_newer_version_in_another_repository_does_not_count(tmp_path: Path) -> None:
    for repository, version in (("one", "v1"), ("two", "v2")):
        folder = tmp_path / repository / "api" / version
        folder.mkdir(parents=True)
        (folder / "types.go").write_text(types(version))
        with semindex.open(tmp_path / repository, settings=Settings()) as index:
            index.refresh()
    with semindex.open_all([tmp_path / "one", tmp_path / "two"]) as both:
        found = both.search(QUESTION)
    assert len(found) == 2
    assert not penalties(found)


def test_the_two_versions_of_the_internet_protocol_are_both_in_use(grow: Grow) -> None:
    tree = {f"dhcp/{version}/types.go": types(version) for version in ("v4", "v6")}
    assert not penalties(grow(tree).search(QUESTION))
    older = grow(tree | {"dhcp/v5/types.go": types("v5")}).search(QUESTION)
    assert sorted(penalties(older)) == ["dhcp/v4/types.go", "dhcp/v5/types.go"]


def test_older_tests_and_documents_rank_low_already(grow: Grow) -> None:
    tree = {
        f"{folder}/{v}/types.go": types(v) for folder in ("docs", "tests", "vendor") for v in ("v1", "v2")
    }
    assert sorted(penalties(grow(tree).search(QUESTION))) == ["vendor/v1/types.go", "vendor/v2/types.go"]


def test_a_version_is_newer_that_is_no_less_finished() -> None:
    kubernetes = ["v1alpha1", "v1alpha2", "v1beta1", "v1", "v2", "v10"]
    for place, version in enumerate(kubernetes):
        assert all(is_newer(later, version) for later in kubernetes[place + 1 :])
        assert not any(is_newer(earlier, version) for earlier in kubernetes[: place + 1])
    assert not is_newer("v2beta1", "v1")


@pytest.mark.parametrize("folder", ["v1", "api/V2/x", "v1beta1", "a/v12alpha3"])
def test_a_path_tells_that_it_has_a_folder_of_a_version(folder: str) -> None:
    assert path_facts(f"{folder}/x.go", "go").roles & Role.VERSIONED


@pytest.mark.parametrize("folder", ["v", "dev1", "v8engine", "v1.2", "v20240131", "v1rc1"])
def test_other_folders_are_of_no_version(folder: str) -> None:
    assert path_facts(f"{folder}/x.go", "go").roles == 0
    assert path_facts(f"{folder}/v1.go", "go").roles == 0


def test_only_paths_with_versions_are_read(grow: Grow, monkeypatch: pytest.MonkeyPatch) -> None:
    index = grow(TREE | {f"src/file{number}.go": types(f"p{number}") for number in range(20)})
    generation, read, path = opened_generation(index.index_dir), list[str](), Generation.path

    def reading(of: Generation, file: int) -> str:
        read.append(path(of, file))
        return read[-1]

    monkeypatch.setattr(Generation, "path", reading)
    PathColumns.of(generation, WEIGHTS)
    assert sorted(read) == sorted(TREE)
