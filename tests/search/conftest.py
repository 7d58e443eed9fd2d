"""One small tree, indexed as one segment and as several."""

import pytest

import semindex
from semindex.store.generation import Generation
from tests.corpus import copy_package, opened_generation

from .growing import grow

__all__ = ["grow"]


@pytest.fixture(scope="module", params=["one segment", "several, with dead files"])
def generation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generation:
    root = copy_package("wsgiref", tmp_path_factory.mktemp("tree") / "repo")
    place = tmp_path_factory.mktemp("index")
    files = sorted(root.rglob("*.py"))
    with semindex.open(root, index_dir=place) as index:
        index.refresh()
        if request.param != "one segment":
            files[2].write_text("# parse the path of a request\n" + files[2].read_text("utf-8"), "utf-8")
            files[4].unlink()
            index.refresh()
    found = opened_generation(place)
    assert found.all_live is (request.param == "one segment")
    return found
