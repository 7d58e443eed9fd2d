from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from semindex.embed import wordfile
from semindex.embed.static import MODEL_FILE, StaticEmbedder
from semindex.errors import ModelError
from semindex.tokens import hash_term, hash_terms

MakeFile = Callable[..., Path]


def test_what_is_written_is_mapped(small_file: MakeFile) -> None:
    words = wordfile.map_words(small_file())
    assert sorted(words.hashes.tolist()) == sorted(map(hash_term, ["alpha", "beta", "gamma"]))
    alpha, beta, gamma = (
        int(np.flatnonzero(words.hashes == hash_term(word))[0]) for word in ("alpha", "beta", "gamma")
    )
    assert words.vectors[alpha, :2].tolist() == [127, 0]
    assert words.vectors[beta, :2].tolist() == [95, 127]
    assert words.vectors[gamma, 2] == -127
    assert words.neighbours[alpha].tolist() == [beta, wordfile.NO_WORD]
    assert words.neighbours[gamma].tolist() == [wordfile.NO_WORD] * 2
    assert words.cosines[alpha].tolist() == [76, 0]
    assert words.weights.dtype == np.uint16
    lengths = np.linalg.norm(words.vectors.astype(float), axis=1) * words.weights
    assert lengths[beta] / lengths[alpha] == pytest.approx(0.5, rel=0.01)
    wordfile.verify(small_file())


def test_the_arrays_are_views_of_the_map_and_cannot_be_written(small_file: MakeFile) -> None:
    words = wordfile.map_words(small_file())
    for array in (words.hashes, words.neighbours, words.weights, words.vectors, words.cosines):
        assert not array.flags.owndata
        assert not array.flags.writeable


def test_an_absent_file_says_where_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="install semindex again") as caught:
        wordfile.map_words(tmp_path / "gone.bin")
    assert "gone.bin" in str(caught.value)


@pytest.mark.parametrize("kept", [0, 1, 60, 127, 128, -1, -64])
def test_a_file_cut_short_is_refused(small_file: MakeFile, kept: int) -> None:
    path = small_file()
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ModelError, match="install semindex again"):
        wordfile.map_words(path)


def test_a_file_too_long_is_refused(small_file: MakeFile) -> None:
    path = small_file()
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ModelError, match="instead of"):
        wordfile.map_words(path)


@pytest.mark.parametrize("position", range(0, 72, 3))
def test_a_damaged_header_is_refused(small_file: MakeFile, position: int) -> None:
    path = small_file()
    data = bytearray(path.read_bytes())
    data[position] ^= 4
    path.write_bytes(data)
    with pytest.raises(ModelError, match="install semindex again"):
        wordfile.map_words(path)


def test_a_flipped_bit_of_the_content_is_found_by_verify(small_file: MakeFile) -> None:
    path = small_file()
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    wordfile.map_words(path)
    with pytest.raises(ModelError, match="checksum"):
        wordfile.verify(path)


def test_a_neighbour_outside_of_the_file_is_refused(small_file: MakeFile) -> None:
    embedder = StaticEmbedder.open(small_file(neighbour=7))
    with pytest.raises(ModelError, match="damaged"):
        embedder.neighbours(hash_terms(["alpha"]))


def test_the_bundled_file_is_whole_and_small() -> None:
    wordfile.verify(MODEL_FILE)
    assert MODEL_FILE.stat().st_size < 12_000_000


def test_the_bundled_words_can_be_searched_and_summed() -> None:
    words = wordfile.map_words(MODEL_FILE)
    assert (words.hashes[1:] > words.hashes[:-1]).all()
    assert int(words.weights.min()) >= 1
    assert int(words.weights.max()) <= wordfile.MAX_WEIGHT
    assert (np.abs(words.vectors.astype(np.int16)).max(axis=1) == 127).all()
    linked = words.neighbours[words.neighbours != wordfile.NO_WORD]
    assert int(linked.max()) < len(words.hashes)


def test_mapping_the_bundled_file_reads_little_of_it() -> None:
    words = wordfile.map_words(MODEL_FILE)
    assert not any(array.flags.owndata for array in (words.hashes, words.vectors, words.neighbours))
