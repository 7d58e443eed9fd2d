"""Segments with right checksums and wrong tables: damage that is told and mended, never a traceback."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import semindex
from semindex.config import Settings
from semindex.errors import IndexCorrupt, SemindexError
from semindex.index import Index
from semindex.store import soundness
from semindex.store.schema import SCHEMA
from semindex.store.segment import Segment, write_segment
from semindex.store.soundness import _WANTED, find_damage, require_fitting

from ..product import ALPHA, BETA, plant, semindex_command

Sections = dict[str, npt.NDArray[Any]]
FILES: dict[str | bytes, bytes] = {
    "cookies.py": ALPHA,
    "src/sessions.py": BETA,
    "server.go": b"package server\n\n// Listen waits for clients.\nfunc Listen(port int) {\n}\n",
    "notes.md": b"# Sizes\n\nhow cookies are kept\n",
}
QUERIES = ["load_cookie", "how are sessions saved", '"the cookie of"', "listen waits for clients"]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = plant(tmp_path_factory.mktemp("root"), FILES)
    with semindex.open(root) as index:
        index.refresh()
    return root


@pytest.fixture(scope="module")
def sound(root: Path) -> Mapping[str, npt.NDArray[Any]]:
    segment = Segment.open(only_segment(root), mapped=False)
    return {name: segment.section(name) for name in segment.names}


@pytest.fixture(autouse=True)
def restored(root: Path, tmp_path: Path) -> Any:
    """The index is as it was after each test."""
    kept = shutil.copytree(root / ".semindex", tmp_path / "kept")
    yield
    shutil.rmtree(root / ".semindex")
    shutil.copytree(kept, root / ".semindex")


def only_segment(root: Path) -> Path:
    (segment,) = (root / ".semindex" / "segments").glob("*.seg")
    return segment


def opened(root: Path, *, mapped: bool) -> Index:
    settings = Settings(enable_caching=False, memory_mapping_threshold_mb=0 if mapped else 500)
    return semindex.open(root, settings=settings)


def flip(array: npt.NDArray[Any], chance: random.Random) -> npt.NDArray[Any]:
    data = array.reshape(-1).view(np.uint8)
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return array


def exaggerate(array: npt.NDArray[Any], chance: random.Random) -> npt.NDArray[Any]:
    limits = np.iinfo(array.dtype)
    flat = array.reshape(-1)
    flat[chance.randrange(len(flat))] = chance.choice([0, 1, limits.max, limits.min, limits.max // 2])
    return array


def fill(array: npt.NDArray[Any], chance: random.Random) -> npt.NDArray[Any]:
    limits = np.iinfo(array.dtype)
    array[...] = chance.choice([0, 1, limits.max, limits.min])
    return array


def shuffle(array: npt.NDArray[Any], chance: random.Random) -> npt.NDArray[Any]:
    order = list(range(len(array)))
    chance.shuffle(order)
    return array[order]


def resize(array: npt.NDArray[Any], chance: random.Random) -> npt.NDArray[Any]:
    rows = chance.choice([0, 1, len(array) - 1, len(array) + 1, len(array) * 3])
    return np.resize(array, (rows, *array.shape[1:]))


def retype(array: npt.NDArray[Any], chance: random.Random) -> npt.NDArray[Any]:
    return array.astype(chance.choice(["u1", "i1", "u2", "u4", "i4", "u8", "f4"]))


def reshape(array: npt.NDArray[Any], chance: random.Random) -> npt.NDArray[Any]:
    return array.reshape(*array.shape, 1) if chance.random() < 0.5 else array.reshape(-1)


CHANGES = (flip, exaggerate, fill, shuffle, resize, retype, reshape)


def mutant(sound: Mapping[str, npt.NDArray[Any]], chance: random.Random) -> tuple[Sections, str]:
    """The sections of a segment with one of them changed, and what was done."""
    sections = dict(sound)
    name = chance.choice(list(sections))
    what = chance.choice([*(change.__name__ for change in CHANGES), "drop", "swap", "copy"])
    other = chance.choice(list(sections))
    if what == "drop":
        del sections[name]
    elif what == "swap":
        sections[name], sections[other] = sections[other], sections[name]
    elif what == "copy":
        sections[name] = sections[other]
    elif sections[name].size:
        change = next(each for each in CHANGES if each.__name__ == what)
        sections[name] = change(sections[name].copy(), chance)
    return sections, f"{what} {name} {other}"


def put(root: Path, sections: Sections) -> None:
    path = only_segment(root)
    path.unlink()
    write_segment(path, sections)


def ask(index: Index, what: str) -> None:
    """Every question gets an answer, or is refused as damage; what is there is never said not to be."""
    for query in QUERIES:
        for options in ({}, {"mode": "dense"}, {"mode": "lexical"}, {"group_by": "chunk"}):
            try:
                hits = index.search(query, **options)  # type: ignore[arg-type]
                assert hits or options.get("mode"), f"{what}: nothing found for {query}"
                for hit in hits:
                    assert isinstance(hit.path, str)
                    list(hit.reasons), list(hit.more), hit.text
            except IndexCorrupt:
                pass
    for query in ("save kind:method", "listen lang:go", "cookie path:*.py"):
        with suppress(IndexCorrupt):
            list(index.search(query))
    for question in (lambda: list(index.related("cookies.py:1")), index.status):
        with suppress(SemindexError):
            question()


SEEDS = [*range(3), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 30))]


@pytest.mark.parametrize("seed", SEEDS)
def test_wrong_tables_are_damage_and_never_a_traceback(
    root: Path, sound: Mapping[str, npt.NDArray[Any]], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    # As in a large index, whose tables are looked at only when something seems wrong.
    monkeypatch.setattr(soundness, "_SMALL_BYTES", chance.choice([0, 8_000_000]))
    for number in range(12):
        sections, what = mutant(sound, chance)
        put(root, sections)
        try:
            with opened(root, mapped=number % 2 == 0) as index:
                ask(index, what)
                told = index.status(verify=True).problems
        except Exception as error:
            raise AssertionError(what) from error
        if told:
            with opened(root, mapped=False) as index:
                assert index.refresh().warnings, what
                assert index.status(verify=True).problems == (), what
                assert index.search("load_cookie")[0].path == "cookies.py"
            put(root, dict(sound))


def rows_gone(sections: Sections) -> None:
    sections["body.heads"] = sections["body.heads"][:0]


def reversed_terms(sections: Sections) -> None:
    sections["body.heads"] = sections["body.heads"][::-1].copy()


def no_lists(sections: Sections) -> None:
    sections["body.data"] = np.full_like(sections["body.data"], 255)


def other_paths(sections: Sections) -> None:
    paths = sections["paths"].copy()
    paths[0] ^= 1
    sections["paths"] = paths


def endless_chunks(sections: Sections) -> None:
    counts = sections["file_chunks"].copy()
    counts[:2] = (1 << 32) - 1, 1
    sections["file_chunks"] = counts


def owner_beyond(sections: Sections) -> None:
    owners = sections["chunk_owners"].copy()
    owners[0] = 1 << 30
    sections["chunk_owners"] = owners


def short_vectors(sections: Sections) -> None:
    sections["vectors"] = sections["vectors"][:, :7].copy()


WRONG = [rows_gone, reversed_terms, no_lists, other_paths, endless_chunks, owner_beyond, short_vectors]


@pytest.mark.parametrize("wrong", WRONG)
def test_status_finds_wrong_tables_and_a_refresh_mends_them(
    root: Path, sound: Mapping[str, npt.NDArray[Any]], wrong: Callable[[Sections], None]
) -> None:
    sections = dict(sound)
    wrong(sections)
    put(root, sections)
    name = only_segment(root).name
    with opened(root, mapped=False) as index:
        if wrong is not short_vectors:
            assert any(name in problem for problem in index.status(verify=True).problems)
        report = index.refresh(force=wrong is short_vectors)
        assert wrong is short_vectors or any(name in warning for warning in report.warnings)
        assert index.status(verify=True).problems == ()
        assert index.search("load_cookie")[0].path == "cookies.py"


@pytest.mark.parametrize("wrong", [rows_gone, endless_chunks, owner_beyond, short_vectors])
@pytest.mark.parametrize("mapped", [True, False])
def test_a_search_names_the_segment_and_what_to_run(
    root: Path, sound: Mapping[str, npt.NDArray[Any]], wrong: Callable[[Sections], None], mapped: bool
) -> None:
    sections = dict(sound)
    wrong(sections)
    put(root, sections)
    with (
        opened(root, mapped=mapped) as index,
        pytest.raises(IndexCorrupt, match=f"{only_segment(root).name}.*run 'semindex index"),
    ):
        list(index.search("load_cookie"))


def test_the_command_line_tells_of_wrong_tables(root: Path, sound: Mapping[str, npt.NDArray[Any]]) -> None:
    sections = dict(sound)
    rows_gone(sections)
    put(root, sections)
    ran = semindex_command("search", "load_cookie", "--no-refresh", cwd=root)
    assert (ran.code, ran.out) == (2, "")
    assert "body.tails" in ran.err
    ran = semindex_command("status", "--verify", "--json", cwd=root)
    assert (ran.code, len(ran.object["problems"])) == (2, 1)
    assert semindex_command("index", cwd=root).code == 0
    assert semindex_command("search", "load_cookie", "--json", cwd=root).paths[0] == "cookies.py"


def test_every_section_of_the_schema_is_checked(root: Path) -> None:
    parts = ("heads", "tails", "starts.lows", "starts.steps", "data")
    wanted = {name for column in SCHEMA.columns for name in column.sections}
    wanted |= {f"{field.name}.{part}" for field in SCHEMA.fields for part in parts}
    wanted |= {f"{field.name}.{part}" for field in SCHEMA.grams for part in ("keys", "starts", "data")}
    assert {each.name for each in _WANTED} == wanted
    segment = Segment.open(only_segment(root))
    require_fitting(segment)
    assert find_damage(segment, thorough=True) == []
