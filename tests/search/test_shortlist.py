"""The files that stay in are the best of all, however they are found."""

import numpy as np
import pytest

import semindex
from semindex.search.shortlist import _best_of_the_nearest, best_files, by_file_maximum, nearest_files
from semindex.store.generation import Generation
from tests.corpus import copy_package, opened_generation


@pytest.fixture(scope="module")
def generation(tmp_path_factory: pytest.TempPathFactory) -> Generation:
    root = copy_package("email", tmp_path_factory.mktemp("tree") / "repo")
    place = tmp_path_factory.mktemp("index")
    with semindex.open(root, index_dir=place) as index:
        index.refresh()
        next(iter(sorted(root.rglob("*.py")))).unlink()
        index.refresh()
    found = opened_generation(place)
    assert not found.all_live
    return found


@pytest.mark.parametrize("limit", [1, 4, 12, 500])
@pytest.mark.parametrize("every", [None, 3])
def test_a_sample_finds_the_nearest_files_of_all(
    generation: Generation, monkeypatch: pytest.MonkeyPatch, limit: int, every: int | None
) -> None:
    kinds = None
    if every is not None:
        kinds = np.zeros(generation.chunks, dtype=bool)
        kinds[::every] = True
    for chunk in range(0, generation.chunks, 7):
        near = generation.nearness(generation.vector(chunk).astype(np.float32))
        counting = near.products if kinds is None else np.where(kinds, near.products, np.float32(0.0))
        cosines = near.cosines(by_file_maximum(counting, generation))
        cosines[cosines <= 0.1] = 0.0
        wanted = best_files(cosines, generation.file_live, limit, generation)
        assert len(wanted)
        for sampled in (1, 1_000_000):
            monkeypatch.setattr("semindex.search.shortlist._SAMPLED_CHUNKS", sampled)
            monkeypatch.setattr("semindex.search.shortlist._SAMPLE", min(sampled + 30, generation.chunks))
            enough = _best_of_the_nearest(counting, generation.file_live, 1, generation) is not None
            assert enough is (sampled == 1)
            found = nearest_files(near, generation.file_live, limit, generation, floor=0.1, kinds=kinds)
            assert found.tolist() == wanted.tolist()


def test_ties_at_the_cut_go_by_path(generation: Generation) -> None:
    scores = np.ones(generation.files)
    live = np.flatnonzero(generation.file_live).tolist()
    wanted = sorted(live, key=generation.path)[:3]
    assert best_files(scores, generation.file_live, 3, generation).tolist() == sorted(wanted)
    assert best_files(scores * 0.0, generation.file_live, 3, generation).tolist() == []
