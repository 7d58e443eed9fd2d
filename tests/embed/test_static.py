from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semindex.embed.static import StaticEmbedder, unknown_vectors
from semindex.errors import ModelError
from semindex.tokens import hash_term, hash_terms, query_terms, stem
from semindex.types import QueryTerm, Vectors
from tests.embed.conftest import Bag, Chunk, documents_of, text_documents

TERMS = st.sampled_from(["get", "user", "pars", "delet", "file", "=getus", "=parsefil", "qzxv", "线程", "x"])
BAGS = st.dictionaries(TERMS, st.integers(1, 65535), max_size=8)
CHUNKS = st.lists(st.tuples(BAGS, BAGS, st.integers(0, 2)), min_size=1, max_size=12)
PATHS = st.lists(BAGS, min_size=3, max_size=3)


def constant(_: str) -> float:
    return 1.0


def unit(term: str, embedder: StaticEmbedder) -> Vectors:
    return embedder.embed_query([QueryTerm(term, 1.0, term)], idf=constant)


def cosine(left: str, right: str, embedder: StaticEmbedder) -> float:
    return float(unit(stem(left), embedder) @ unit(stem(right), embedder))


@settings(max_examples=40)
@given(chunks=CHUNKS, paths=PATHS, data=st.data())
def test_a_row_has_the_same_bytes_alone_and_in_any_batch_and_order(
    bundled: StaticEmbedder, chunks: list[Chunk], paths: list[Bag], data: st.DataObject
) -> None:
    together = bundled.embed_documents(documents_of(chunks, paths))
    order = data.draw(st.permutations(range(len(chunks))))
    shuffled = bundled.embed_documents(documents_of([chunks[i] for i in order], paths))
    for place, i in enumerate(order):
        content, names, path = chunks[i]
        alone = bundled.embed_documents(documents_of([(content, names, 0)], [paths[path]]))
        assert alone.tobytes() == together[i].tobytes() == shuffled[place].tobytes()


@settings(max_examples=40)
@given(chunks=CHUNKS, paths=PATHS)
def test_rows_are_unit_or_zero(bundled: StaticEmbedder, chunks: list[Chunk], paths: list[Bag]) -> None:
    rows = bundled.embed_documents(documents_of(chunks, paths))
    assert rows.shape == (len(chunks), bundled.dim)
    assert rows.dtype == np.float32
    for row, (content, names, path) in zip(rows, chunks, strict=True):
        expected = 1.0 if content or names or paths[path] else 0.0
        assert float(np.linalg.norm(row.astype(np.float64))) == pytest.approx(expected, abs=1e-6)


def test_a_chunk_longer_than_a_block_is_summed_whole(bundled: StaticEmbedder) -> None:
    long = {f"word{number}": 1 + number % 9 for number in range(20_000)}
    short = {"delet": 1, "file": 3}
    both = bundled.embed_documents(documents_of([(short, {}, 0), (long, {}, 0), (short, {}, 0)], [{}]))
    alone = bundled.embed_documents(documents_of([(long, {}, 0)], [{}]))
    assert both[1].tobytes() == alone[0].tobytes()
    assert both[0].tobytes() == both[2].tobytes()
    halves = [dict(list(long.items())[:10_000]), dict(list(long.items())[10_000:])]
    parts = bundled.embed_documents(documents_of([(half, {}, 0) for half in halves], [{}]))
    assert float(alone[0] @ (parts[0] + parts[1])) > 1.0


def test_no_documents_give_no_rows(bundled: StaticEmbedder) -> None:
    assert bundled.embed_documents(documents_of([], [])).shape == (0, bundled.dim)


def test_the_sum_follows_the_definition(small_file: Callable[..., Path]) -> None:
    embedder = StaticEmbedder.open(small_file())
    row = embedder.embed_documents(
        documents_of([({"alpha": 3, "gamma": 1}, {"beta": 1}, 0)], [{"gamma": 1}])
    )[0]
    content = np.array([np.log(4), 0, -np.log(2)])
    expected = content / np.linalg.norm(content) + 0.7 * np.array([0.6, 0.8, 0]) + 0.7 * np.array([0, 0, -1])
    assert row[:3] == pytest.approx(expected / np.linalg.norm(expected), abs=0.01)
    assert not row[3:].any()


def test_a_query_is_the_weighted_sum_whatever_the_order(small_file: Callable[..., Path]) -> None:
    embedder = StaticEmbedder.open(small_file())
    terms = [QueryTerm("alpha", 2.0, "alpha"), QueryTerm("gamma", 1.0, "gamma")]
    idf = {"alpha": 1.0, "gamma": 3.0}.__getitem__
    vector = embedder.embed_query(terms, idf=idf)
    assert vector[[0, 2]] == pytest.approx(np.array([2, -3]) / np.sqrt(13), abs=1e-3)
    assert vector.tobytes() == embedder.embed_query(terms[::-1], idf=idf).tobytes()


def test_a_query_without_terms_is_zero(bundled: StaticEmbedder) -> None:
    vector = bundled.embed_query([], idf=constant)
    assert vector.shape == (bundled.dim,)
    assert not vector.any()


def test_a_query_finds_what_it_describes_in_other_words(bundled: StaticEmbedder) -> None:
    rows = bundled.embed_documents(
        text_documents(
            "def remove_directory(folder): os.unlink(folder)",
            "class ColorPalette: red = 1; green = 2",
            "func NewHTTPServer(address string) net.Listener",
        )
    )
    for query, expected in [("erase folders", 0), ("paint colours", 1), ("listen on a web socket", 2)]:
        vector = bundled.embed_query(query_terms(query), idf=constant)
        assert int((rows @ vector).argmax()) == expected


EXPECTED_SIGNS = [
    "afcd1d7b39a820e2f465b9a16a9e786e",  # SplitMix64's published first outputs for seed 0
    "c15c0289ec2d0a9167ec8e65a18debbe",
    "202c651b7771d9e4c982f6db67f89fe9",
]


def test_unknown_words_have_fixed_vectors() -> None:
    rows = unknown_vectors(np.array([0, 1, 0xFFFFFFFFFFFFFFFF], np.uint64), 128)
    packed = [np.packbits(row > 0).tobytes().hex() for row in rows]
    assert packed == EXPECTED_SIGNS
    assert set(np.unique(rows).tolist()) == {-64, 64}


def test_unknown_words_are_the_same_in_another_process(bundled: StaticEmbedder) -> None:
    script = (
        "from semindex.embed.static import StaticEmbedder as S; from semindex.types import QueryTerm as Q;"
        "print(S.bundled().embed_query([Q('qzxvw', 1.0, '')], idf=lambda t: 2.5).tobytes().hex())"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == unit("qzxvw", bundled).tobytes().hex()


@given(st.lists(st.text(min_size=1, max_size=12), min_size=2, max_size=2, unique=True))
def test_two_unknown_words_are_far_apart(words: list[str]) -> None:
    left, right = unknown_vectors(hash_terms(words), 128).astype(float) / (64 * 128**0.5)
    assert abs(float(left @ right)) < 0.5


TRIPLES = """
delete remove color, error exception banana, fetch retrieve paint, directory folder green,
authenticate login matrix, color colour socket, image picture mutex, thread concurrency font,
database sql rotate, request response polygon, parse parser weather, encrypt cipher menu,
quick fast lock, big large url, begin start hash, stop halt pixel, message mail triangle,
number integer session, list array password, function method river, settings configuration vertex,
network socket grammar, compress zip token, user account shader, bug defect layer
"""


@pytest.mark.parametrize("triple", TRIPLES.split(","))
def test_related_words_are_nearer_than_unrelated(bundled: StaticEmbedder, triple: str) -> None:
    word, related, unrelated = triple.split()
    assert cosine(word, related, bundled) > cosine(word, unrelated, bundled) + 0.05


def test_neighbours_are_near_other_words_best_first(bundled: StaticEmbedder) -> None:
    for word in ["delet", "error", "fetch", "thread", "color", "databas", "pars", "user"]:
        found = bundled.neighbours(hash_terms([word]))
        cosines, keys = found.cosines.tolist(), found.hashes.tolist()
        assert 1 <= len(keys) <= 8
        assert found.counts.tolist() == [len(keys)]
        assert cosines == sorted(cosines, reverse=True)
        assert min(cosines) >= 0.44
        assert hash_term(word) not in keys
        assert len(set(keys)) == len(keys)


def test_the_neighbours_table_agrees_with_the_vectors(bundled: StaticEmbedder) -> None:
    words = ["remov", "delet", "eras", "destroy", "fetch", "retriev", "color", "colour", "databas", "db"]
    listed = {hash_term(word): word for word in words}
    compared = 0
    for word in words:
        found = bundled.neighbours(hash_terms([word]))
        for key, stated in zip(found.hashes.tolist(), found.cosines.tolist(), strict=True):
            if key in listed:
                seen = float(unit(word, bundled) @ unit(listed[key], bundled))
                assert stated == pytest.approx(seen, abs=0.02)
                compared += 1
    assert compared >= 4


def test_learned_words_are_known_and_others_are_not(bundled: StaticEmbedder) -> None:
    assert all(bundled.knows(hash_term(stem(word))) for word in ["delete", "the", "cookie", "8"])
    assert not any(bundled.knows(key) for key in [0, 0xFFFFFFFFFFFFFFFF, hash_term("=qzxvw")])


def test_an_unknown_word_has_no_neighbours(bundled: StaticEmbedder) -> None:
    alone = bundled.neighbours(hash_terms(["delet"]))
    among = bundled.neighbours(
        np.array([hash_term("=qzxvw"), hash_term("delet"), 0xFFFFFFFFFFFFFFFF], dtype=np.uint64)
    )
    assert among.counts.tolist() == [0, len(alone.hashes), 0]
    assert among.hashes.tolist() == alone.hashes.tolist()
    assert bundled.neighbours(hash_terms([])).hashes.tolist() == []


def test_a_query_for_a_term_named_with_another_weight_scales_nothing_alone(bundled: StaticEmbedder) -> None:
    left = bundled.embed_query([QueryTerm("delet", 0.5, "")], idf=constant)
    right = bundled.embed_query([QueryTerm("delet", 2.0, "")], idf=lambda _: 8.0)
    assert left.tobytes() == right.tobytes()


def test_an_absent_model_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="install semindex again"):
        StaticEmbedder.open(tmp_path / "words.bin")
