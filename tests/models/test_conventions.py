"""Seven families of models, as their folders are laid out and documented, are used as documented."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from semindex.models.conventions import convention_of
from semindex.models.modelfolder import ModelFolder, fingerprint, read_folder
from semindex.models.pooling import Pooling

Files = Mapping[str, Any]

BERT = {
    "architectures": ["BertModel"],
    "model_type": "bert",
    "max_position_embeddings": 512,
    "pad_token_id": 0,
}
NOMIC = {
    "architectures": ["NomicBertModel"],
    "model_type": "nomic_bert",
    "n_embd": 768,
    "n_head": 12,
    "n_inner": 3072,
    "n_positions": 8192,
    "max_trained_positions": 2048,
}
JINA = {**BERT, "architectures": ["JinaBertModel"], "max_position_embeddings": 8192, "emb_pooler": "mean",
        "position_embedding_type": "alibi"}  # fmt: skip
XLM = {"architectures": ["XLMRobertaModel"], "model_type": "xlm-roberta", "pad_token_id": 1}
PASSAGES = "Represent this sentence for searching relevant passages: "
CHINESE = "为这个句子生成表示以用于检索相关文章："
CODE = "Represent this query for searching relevant code: "


def pooling(mode: str) -> Files:
    """``1_Pooling/config.json`` as sentence-transformers 2 writes it."""
    modes = (
        "cls_token",
        "mean_tokens",
        "max_tokens",
        "mean_sqrt_len_tokens",
        "weightedmean_tokens",
        "lasttoken",
    )
    return {"word_embedding_dimension": 768, **{f"pooling_mode_{each}": each == mode for each in modes}}


def modules(*steps: str) -> list[Files]:
    names = ("Transformer", "Pooling", *steps)
    return [
        {"idx": at, "name": str(at), "path": f"{at}_{name}" if at else "",
         "type": f"sentence_transformers.models.{name}"}
        for at, name in enumerate(names)
    ]  # fmt: skip


@dataclass(frozen=True)
class Model:
    """A model's folder, and what its documentation says."""

    name: str
    config: Files
    pooling: Pooling
    query: str
    document: str
    tokens: int
    mode: str = ""
    files: Files = field(default_factory=dict)


FAMILIES = [
    Model("BAAI/bge-small-en-v1.5", BERT, Pooling.CLS, PASSAGES, "", 512, "cls_token",
          {"sentence_bert_config.json": {"max_seq_length": 512, "do_lower_case": True},
           "config_sentence_transformers.json": {"__version__": {"sentence_transformers": "2.2.2"}}}),
    Model("BAAI/bge-large-zh-v1.5", BERT, Pooling.CLS, CHINESE, "", 512, "cls_token"),
    Model("BAAI/bge-m3", {**XLM, "max_position_embeddings": 8194}, Pooling.CLS, "", "", 8192, "cls_token",
          {"sentence_bert_config.json": {"max_seq_length": 8192, "do_lower_case": False}}),
    Model("intfloat/e5-base-v2", BERT, Pooling.MEAN, "query: ", "passage: ", 512, "mean_tokens",
          {"sentence_bert_config.json": {"max_seq_length": 512, "do_lower_case": False}}),
    Model("intfloat/multilingual-e5-small", BERT, Pooling.MEAN, "query: ", "passage: ", 512,
          "mean_tokens", {"tokenizer_config.json": {"model_max_length": 512}}),
    Model("intfloat/multilingual-e5-base", {**XLM, "max_position_embeddings": 514}, Pooling.MEAN, "query: ",
          "passage: ", 512, "mean_tokens"),
    Model("thenlper/gte-base", BERT, Pooling.MEAN, "", "", 512, "mean_tokens"),
    Model("Alibaba-NLP/gte-base-en-v1.5", {"architectures": ["NewModel"], "model_type": "new",
          "max_position_embeddings": 8192}, Pooling.CLS, "", "", 8192, "cls_token",
          {"sentence_bert_config.json": {"max_seq_length": 8192, "do_lower_case": False}}),
    Model("Alibaba-NLP/gte-modernbert-base", {"model_type": "modernbert", "max_position_embeddings": 8192},
          Pooling.CLS, "", "", 8192, "cls_token"),
    Model("nomic-ai/nomic-embed-text-v1.5", NOMIC, Pooling.MEAN, "search_query: ", "search_document: ", 2048,
          "mean_tokens", {"sentence_bert_config.json": {"max_seq_length": 8192, "do_lower_case": False}}),
    Model("nomic-ai/nomic-embed-text-v2-moe", {**NOMIC, "n_positions": 2048}, Pooling.MEAN, "search_query: ",
          "search_document: ", 512, "mean_tokens",
          {"sentence_bert_config.json": {"max_seq_length": 512},
           "config_sentence_transformers.json": {"prompts": {
               "query": "search_query: ", "passage": "search_document: ", "Clustering": "clustering: "},
               "default_prompt_name": None}}),
    Model("jinaai/jina-embeddings-v2-base-code", JINA, Pooling.MEAN, "", "", 8192, "mean_tokens",
          {"sentence_bert_config.json": {"max_seq_length": 8192, "do_lower_case": False,
                                         "model_args": {"trust_remote_code": True}}}),
    Model("jinaai/jina-code-embeddings-0.5b", {"model_type": "qwen2", "max_position_embeddings": 32768},
          Pooling.LAST, "Find the most relevant code snippet given the following query:\n",
          "Candidate code snippet:\n", 32768, "lasttoken",
          {"config_sentence_transformers.json": {"prompts": {
              "qa_query": "Find the most relevant answer given the following question:\n",
              "nl2code_query": "Find the most relevant code snippet given the following query:\n",
              "nl2code_document": "Candidate code snippet:\n"}}}),
    Model("Snowflake/snowflake-arctic-embed-m", BERT, Pooling.CLS, PASSAGES, "", 512, "cls_token",
          {"config_sentence_transformers.json": {"prompts": {"query": PASSAGES}}}),
    Model("Snowflake/snowflake-arctic-embed-m-long", NOMIC, Pooling.CLS, PASSAGES, "", 2048, "cls_token",
          {"config_sentence_transformers.json": {"prompts": {"query": PASSAGES}}}),
    Model("Snowflake/snowflake-arctic-embed-l-v2.0", {**XLM, "max_position_embeddings": 8194}, Pooling.CLS,
          "query: ", "", 8192, "cls_token",
          {"config_sentence_transformers.json": {"prompts": {"query": "query: "}}}),
    Model("nomic-ai/CodeRankEmbed", NOMIC, Pooling.CLS, CODE, "", 2048, "cls_token",
          {"sentence_bert_config.json": {"max_seq_length": 8192, "do_lower_case": False},
           "config_sentence_transformers.json": {"prompts": {"query": CODE}}}),
]  # fmt: skip
named = pytest.mark.parametrize("model", FAMILIES, ids=lambda model: model.name)


def write(file: Path, content: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))


def folder_of(model: Model, path: Path, *, whole: bool = True) -> ModelFolder:
    """The model as its repository has it, or (not ``whole``) an export of graph and configuration only."""
    write(path / "tokenizer.json", {})
    write(path / "onnx" / "model.onnx", {})
    write(path / "config.json", model.config)
    if whole:
        write(path / "modules.json", modules("Normalize"))
        write(path / "1_Pooling" / "config.json", pooling(model.mode))
        for name, content in model.files.items():
            write(path / name, content)
    return read_folder(path)


@named
def test_a_model_is_used_as_documented(model: Model, tmp_path: Path) -> None:
    found = folder_of(model, tmp_path / model.name)
    assert found.pooling is model.pooling
    assert (found.query_prompt, found.document_prompt) == (model.query, model.document)
    assert found.max_tokens == model.tokens
    assert found.lower_case == (model.files.get("sentence_bert_config.json", {}).get("do_lower_case", False))
    assert (found.classifier, found.steps) == (False, ())


@named
def test_a_bare_export_is_known_by_its_name(model: Model, tmp_path: Path) -> None:
    """As the exports of other people have it, and as the hub's cache keeps it."""
    owner, _, name = model.name.partition("/")
    for place in (f"exports/{name}-ONNX", f"models--{owner}--{name}/snapshots/0123456789abcdef"):
        found = folder_of(model, tmp_path / place, whole=False)
        assert found.pooling is model.pooling
        assert (found.query_prompt, found.document_prompt) == (model.query, model.document)


@named
def test_a_folder_of_any_name_is_known_by_its_configuration(model: Model, tmp_path: Path) -> None:
    told = Model(**{**vars(model), "config": {**model.config, "_name_or_path": model.name}})
    found = folder_of(told, tmp_path / "my-model", whole=False)
    assert (found.pooling, found.query_prompt) == (model.pooling, model.query)


@pytest.mark.parametrize(
    "prompts", [{"query": "ask: ", "document": ""}, {"query": "", "passage": "tell: "}, {"query": "other: "}]
)
def test_files_go_before_names(tmp_path: Path, prompts: dict[str, str]) -> None:
    model = FAMILIES[0]
    files = {"config_sentence_transformers.json": {"prompts": prompts}}
    found = folder_of(Model(**{**vars(model), "files": files, "mode": "mean_tokens"}), tmp_path / model.name)
    assert found.query_prompt == prompts["query"]
    assert found.document_prompt == prompts.get("passage", "")
    assert found.pooling is Pooling.MEAN


def test_empty_prompts_as_every_new_export_has_them_say_nothing(tmp_path: Path) -> None:
    model = FAMILIES[3]
    files = {"config_sentence_transformers.json": {"prompts": {"query": "", "document": ""}}}
    found = folder_of(Model(**{**vars(model), "files": files}), tmp_path / model.name)
    assert (found.query_prompt, found.document_prompt) == ("query: ", "passage: ")


def test_a_default_prompt_is_for_both(tmp_path: Path) -> None:
    told = {"prompts": {"search": "find: "}, "default_prompt_name": "search"}
    model = Model(
        "mine", BERT, Pooling.MEAN, "", "", 512, "mean_tokens", {"config_sentence_transformers.json": told}
    )
    found = folder_of(model, tmp_path)
    assert (found.query_prompt, found.document_prompt) == ("find: ", "find: ")


@pytest.mark.parametrize(
    "name",
    ["all-MiniLM-L6-v2", "BAAI/bge-reranker-base", "cross-encoder/e5-base", "badge5-base", "some5-small", ""],
)
def test_others_have_no_convention(name: str) -> None:
    assert convention_of([name]) is None


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("snowflake-arctic-embed2:568m", "query: "),
        ("snowflake-arctic-embed:110m", PASSAGES),
        ("nomic-embed-text", "search_query: "),
        ("mxbai-embed-large:latest", PASSAGES),
        ("bge-m3", ""),
    ],
)
def test_names_of_servers_are_known(name: str, query: str) -> None:
    found = convention_of([name])
    assert found is not None
    assert found.query == query


def test_what_a_name_changes_changes_the_fingerprint(tmp_path: Path) -> None:
    one = folder_of(FAMILIES[0], tmp_path / "mine", whole=False)
    other = folder_of(FAMILIES[0], tmp_path / "bge-small-en", whole=False)
    assert fingerprint(one) != fingerprint(other)
