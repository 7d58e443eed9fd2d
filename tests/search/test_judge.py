"""A transformer as a judge: its values, and what it remembers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from semindex.embed.encoder import Tokens, Transformer, open_transformer
from semindex.errors import ModelError
from semindex.search.judge import MAX_TOKENS, Judge, open_judge

from ..tiny_models import bi_encoder, cross_encoder, logit, vector

TEXTS = ["red green", "blue", "cookie session cookie"]


def counted(model: Transformer, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many texts each run of the model was given, from now on."""
    runs: list[int] = []
    run = model._run

    def noted(rows: Sequence[Tokens]) -> object:
        runs.append(len(rows))
        return run(rows)

    monkeypatch.setattr(model, "_run", noted)
    return runs


def values(judge: Judge, query: str, texts: Sequence[str]) -> list[float]:
    return [each.value for each in judge.judge(query, texts)]


def test_a_bi_encoder_gives_cosines(tmp_path: Path) -> None:
    judge = open_judge(str(bi_encoder(tmp_path)), remembered=10)
    assert judge.measure == "cosine"
    expected = [float(vector("red") @ vector(*text.split())) for text in TEXTS]
    assert values(judge, "red", TEXTS) == pytest.approx(expected, abs=1e-6)


def test_prompts_go_before_queries_and_texts(tmp_path: Path) -> None:
    judge = open_judge(
        str(bi_encoder(tmp_path, prompts={"query": "ask ", "document": "tell "})), remembered=10
    )
    expected = float(vector("ask", "red") @ vector("tell", "blue"))
    assert values(judge, "red", ["blue"]) == pytest.approx([expected], abs=1e-6)


def test_a_cross_encoder_gives_logits(tmp_path: Path) -> None:
    judge = open_judge(str(cross_encoder(tmp_path)), remembered=10)
    assert judge.measure == "logit"
    expected = [logit(["ask"], text.split()) for text in TEXTS]
    assert values(judge, "ask", TEXTS) == pytest.approx(expected, rel=1e-5)


def test_texts_are_computed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = open_transformer(bi_encoder(tmp_path))
    judge = Judge(model, remembered=10)
    runs = counted(model, monkeypatch)
    first = judge.judge("red", [*TEXTS, TEXTS[0]])
    assert first[0] == first[3]
    assert judge.judge("red", TEXTS) == first[:3]
    assert runs == [1, 3, 1], "the query, three distinct texts, the query again"
    assert values(judge, "blue", TEXTS) != values(judge, "red", TEXTS)
    assert sum(runs) == 7


def test_pairs_are_computed_once_a_query(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = open_transformer(cross_encoder(tmp_path))
    judge = Judge(model, remembered=10)
    runs = counted(model, monkeypatch)
    one, other = values(judge, "ask", TEXTS), values(judge, "zebra", TEXTS)
    assert one != other
    assert (values(judge, "ask", TEXTS), values(judge, "zebra", TEXTS)) == (one, other)
    assert runs == [3, 3]


@pytest.mark.parametrize("remembered", [0, 1])
def test_what_is_forgotten_is_computed_again(tmp_path: Path, remembered: int) -> None:
    judge = open_judge(str(bi_encoder(tmp_path)), remembered=remembered)
    assert values(judge, "red", TEXTS) == values(judge, "red", TEXTS)


def test_what_is_cut_is_told(tmp_path: Path) -> None:
    judge = open_judge(str(bi_encoder(tmp_path)), remembered=10)
    (told,) = judge.judge("red", ["blue " * 30])
    assert (told.read_tokens, told.total_tokens) == (10, 30)
    assert judge.notes("red") == ()
    assert judge.notes("red " * 11) == ("the re-ranking model read the first 10 of 11 tokens of the query",)


def test_a_model_for_long_texts_reads_no_more_than_is_quick(tmp_path: Path) -> None:
    judge = open_judge(str(bi_encoder(tmp_path, max_tokens=512)), remembered=0)
    (told,) = judge.judge("red", ["blue " * 300])
    assert told.read_tokens == MAX_TOKENS - 2


def test_no_model_named_tells_how_to_bring_one() -> None:
    with pytest.raises(ModelError) as caught:
        open_judge("", remembered=0)
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
    assert open_judge("~/tiny", remembered=0).measure == "cosine"
