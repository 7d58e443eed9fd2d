"""A transformer as a judge: its values, and what it remembers."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from semindex.errors import ModelError
from semindex.models.encoder import ModelInput, Transformer, open_transformer
from semindex.models.judge import MAX_TOKENS, Judge, open_judge
from semindex.models.running import RunOptions
from semindex.store.vectorcache import VectorCache

from ..tiny_models import bi_encoder, cross_encoder, logit, vector

TEXTS = ["red green", "blue", "cookie session cookie"]


def counted(model: Transformer, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many texts each run of the model was given, from now on."""
    runs: list[int] = []
    run = model._run

    def noted(rows: Sequence[ModelInput]) -> object:
        runs.append(len(rows))
        return run(rows)

    monkeypatch.setattr(model, "_run", noted)
    return runs


def values(judge: Judge, query: str, texts: Sequence[str]) -> list[float]:
    return [each.value for each in judge.judge(query, texts)]


def test_a_bi_encoder_gives_cosines(tmp_path: Path) -> None:
    judge = open_judge(str(bi_encoder(tmp_path)))
    assert judge.measure == "cosine"
    expected = [float(vector("red") @ vector(*text.split())) for text in TEXTS]
    assert values(judge, "red", TEXTS) == pytest.approx(expected, abs=1e-6)


def test_prompts_go_before_queries_and_texts(tmp_path: Path) -> None:
    judge = open_judge(str(bi_encoder(tmp_path, prompts={"query": "ask ", "document": "tell "})))
    expected = float(vector("ask", "red") @ vector("tell", "blue"))
    assert values(judge, "red", ["blue"]) == pytest.approx([expected], abs=1e-6)


def test_a_cross_encoder_gives_logits(tmp_path: Path) -> None:
    judge = open_judge(str(cross_encoder(tmp_path)))
    assert judge.measure == "logit"
    expected = [logit(["ask"], text.split()) for text in TEXTS]
    assert values(judge, "ask", TEXTS) == pytest.approx(expected, rel=1e-5)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[VectorCache]:
    made = VectorCache(tmp_path / "cache", most_bytes=1_000_000)
    yield made
    made.close()


def test_texts_are_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: VectorCache) -> None:
    model = open_transformer(bi_encoder(tmp_path))
    judge = Judge(model, cache=cache, remembered=10)
    runs = counted(model, monkeypatch)
    first = judge.judge("red", [*TEXTS, TEXTS[0]])
    assert first[0] == first[3]
    assert judge.judge("red", TEXTS) == first[:3]
    assert runs == [1, 3], "the query and three distinct texts, once"
    assert values(judge, "blue", TEXTS) != values(judge, "red", TEXTS)
    assert runs == [1, 3, 1]
    later = Judge(model, cache=cache)
    assert later.judge("red", TEXTS) == first[:3]
    assert runs == [1, 3, 1, 1], "another judge computes the query only"
    assert cache.stats().hits == 3 * 4


def test_pairs_are_computed_once_a_query(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: VectorCache
) -> None:
    model = open_transformer(cross_encoder(tmp_path))
    judge = Judge(model, cache=cache)
    runs = counted(model, monkeypatch)
    one, other = values(judge, "ask", TEXTS), values(judge, "zebra", TEXTS)
    assert one != other
    assert (values(judge, "ask", TEXTS), values(judge, "zebra", TEXTS)) == (one, other)
    assert runs == [3, 3]


def test_without_a_cache_all_is_computed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = open_transformer(bi_encoder(tmp_path))
    judge = Judge(model)
    runs = counted(model, monkeypatch)
    assert values(judge, "red", TEXTS) == values(judge, "red", TEXTS)
    assert runs == [1, 3, 1, 3]


def test_vectors_of_another_model_or_another_prompt_are_not_taken(tmp_path: Path, cache: VectorCache) -> None:
    told = []
    for name, options in (
        ("mean", {}),
        ("cls", {"cls": True}),
        ("prompt", {"prompts": {"document": "tell "}}),
    ):
        model = open_transformer(bi_encoder(tmp_path / name, **options))
        cached, plain = (values(Judge(model, cache=kept), "red", TEXTS) for kept in (cache, None))
        assert cached == plain
        told.append(cached)
    assert told[0] != told[1] != told[2] != told[0]
    assert cache.stats().hits == 0
    assert cache.stats().models == 3


def test_a_cut_text_is_still_told_when_it_is_remembered(tmp_path: Path, cache: VectorCache) -> None:
    judge = open_judge(str(bi_encoder(tmp_path)), cache=cache)
    first, again = judge.judge("red", ["blue " * 30]), judge.judge("red", ["blue " * 30])
    assert first == again
    assert (again[0].read_tokens, again[0].total_tokens) == (10, 30)
    assert cache.stats().hits == 1


def test_what_is_wrong_with_the_cache_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    judge = open_judge(str(bi_encoder(tmp_path)), cache=VectorCache(tmp_path / "file", most_bytes=1_000_000))
    assert len(judge.judge("red", TEXTS)) == 3
    (note,) = judge.notes("red")
    assert note.startswith("vectors are not cached: ")
    assert str(tmp_path / "file") in note


def test_a_model_is_loaded_once_and_let_go(tmp_path: Path) -> None:
    folder = str(bi_encoder(tmp_path))
    one, other = open_judge(folder), open_judge(folder)
    assert one._model is other._model
    assert open_judge(folder, running=RunOptions(batch_size=3))._model is not one._model
    held = weakref.ref(one._model)
    del one, other
    gc.collect()
    assert held() is None


def test_what_is_cut_is_told(tmp_path: Path) -> None:
    judge = open_judge(str(bi_encoder(tmp_path)))
    (told,) = judge.judge("red", ["blue " * 30])
    assert (told.read_tokens, told.total_tokens) == (10, 30)
    assert judge.notes("red") == ()
    assert judge.notes("red " * 11) == ("the re-ranking model read the first 10 of 11 tokens of the query",)


def test_a_model_for_long_texts_reads_no_more_than_is_quick(tmp_path: Path) -> None:
    judge = open_judge(str(bi_encoder(tmp_path, max_tokens=512)))
    (told,) = judge.judge("red", ["blue " * 300])
    assert told.read_tokens == MAX_TOKENS - 2


def test_no_model_named_tells_how_to_bring_one() -> None:
    with pytest.raises(ModelError) as caught:
        open_judge("")
    for part in (
        "RERANK_MODEL",
        "SEMINDEX_RERANK_MODEL",
        "--rerank-model",
        "onnx/model.onnx",
        "tokenizer.json",
    ):
        assert part in str(caught.value)
    assert 'pip install "semindex[onnx]"' in str(caught.value)


def test_a_home_folder_may_be_written_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    bi_encoder(tmp_path / "tiny")
    assert open_judge("~/tiny").measure == "cosine"
