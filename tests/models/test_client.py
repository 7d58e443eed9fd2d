"""Vectors from a server: asked as it wants, whole texts, bounded tries, errors that tell, no key shown."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semindex.embed.registry import open_embedder
from semindex.errors import ModelError
from semindex.models.client import BATCH_TEXTS, PAUSES_SECONDS, ServerModel, pieces_of
from semindex.models.endpoint import Dialect, Endpoint, read_endpoint
from semindex.models.running import RunOptions
from semindex.models.texts import Side, TextEmbedder
from semindex.store.vectorcache import VectorCache
from semindex.types import Vectors

from .servers import Told, serving, vector
from .test_transformer import documents

KEY = "sk-very-secret"


@pytest.fixture
def server() -> Iterator[Told]:
    with serving() as told:
        yield told


@pytest.fixture
def waited() -> list[float]:
    return []


OPEN: list[ServerModel] = []


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while OPEN:
        OPEN.pop().close()


def model_at(
    address: str, waited: list[float] | None = None, *, key: str = "", tokens: int = 0
) -> ServerModel:
    pause = (lambda seconds: None) if waited is None else waited.append
    made = ServerModel(read_endpoint(address), max_tokens=tokens, read_key=lambda: key or None, pause=pause)
    OPEN.append(made)
    return made


def unit(text: str) -> list[float]:
    row = np.array(vector(text))
    return list(row / np.linalg.norm(row))


@pytest.mark.parametrize(
    ("name", "shown", "model", "dialect"),
    [
        ("http://localhost:8080", "http://localhost:8080/v1/embeddings", "", Dialect.OPENAI),
        ("HTTP://Host/v1#m", "http://host/v1/embeddings", "m", Dialect.OPENAI),
        ("https://h/v1/embeddings/#a/b:c", "https://h/v1/embeddings", "a/b:c", Dialect.OPENAI),
        ("https://h/x/embeddings?v=1#m", "https://h/x/embeddings?v=1", "m", Dialect.OPENAI),
        ("http://[::1]:11434/api/embed#nomic-embed-text", "http://[::1]:11434/api/embed", "nomic-embed-text",
         Dialect.OLLAMA),
    ],
)  # fmt: skip
def test_addresses_are_read(name: str, shown: str, model: str, dialect: Dialect) -> None:
    found = read_endpoint(name)
    assert (found.address, found.model, found.dialect) == (shown, model, dialect)


@pytest.mark.parametrize("name", ["http://", "http://h:port/", "ftp://h/", "http://h:99999/", "http://a b/"])
def test_what_is_no_address_is_told(name: str) -> None:
    with pytest.raises(ModelError, match="is no address of a server"):
        read_endpoint(name)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(ModelError, match="EMBEDDING_KEY_VARIABLE") as caught:
        read_endpoint(f"https://me:{KEY}@host/v1")
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(("host", "local"), [("localhost", True), ("127.0.0.9", True), ("::1", True),
                                             ("10.0.0.1", False), ("example.org", False)])  # fmt: skip
def test_it_is_known_what_stays_on_this_machine(host: str, local: bool) -> None:
    made = Endpoint(False, host, None, "/v1/embeddings", "", Dialect.OPENAI)
    assert made.is_local == local
    notes = ServerModel(made).notes
    assert notes == () if local else "is sent to http://" in notes[0]


@pytest.mark.parametrize(
    ("path", "beside"),
    [("/v1/embeddings", {"model": "tiny"}), ("/api/embed", {"model": "tiny", "truncate": False})],
)
def test_each_dialect_is_asked_as_it_wants(server: Told, path: str, beside: dict[str, object]) -> None:
    found = model_at(f"{server.address}{path}#tiny").embed(["red red", "blue"], Side.DOCUMENT)
    np.testing.assert_allclose(found.rows, [unit("red red"), unit("blue")], atol=1e-6)
    assert server.requests == [{"input": ["red red", "blue"], **beside}]
    assert server.paths == [path]


def test_prompts_are_those_of_the_named_model(server: Told) -> None:
    made = model_at(f"{server.address}#intfloat/e5-small-v2")
    made.embed(["red"], Side.QUERY)
    made.embed(["red"], Side.DOCUMENT)
    assert server.texts == ["query: red", "passage: red"]


def test_many_texts_go_in_several_requests(server: Told) -> None:
    texts = [f"{'red ' * (at % 3)}blue" for at in range(2 * BATCH_TEXTS + 1)]
    found = model_at(server.address).embed(texts, Side.DOCUMENT)
    np.testing.assert_allclose(found.rows, [unit(text) for text in texts], atol=1e-6)
    assert [len(request["input"]) for request in server.requests] == [BATCH_TEXTS, BATCH_TEXTS, 1]
    assert all("model" not in request for request in server.requests)


def test_a_long_text_is_sent_in_pieces_and_counts_whole(server: Told) -> None:
    made = model_at(server.address, tokens=20)
    (row,) = made.embed(["red " * 40 + "zebra " * 40], Side.DOCUMENT).rows
    assert "".join(server.texts) == "red " * 40 + "zebra " * 40
    assert len(server.texts) > 1
    assert row[0] > 0.3
    assert row[3] > 0.3


def test_what_the_server_finds_too_long_is_halved_until_it_fits(server: Told) -> None:
    server.most_characters = 50
    found = model_at(server.address, tokens=2000).embed(["blue", "red " * 100], Side.DOCUMENT)
    assert "".join(server.texts) == "blue" + "red " * 100
    np.testing.assert_allclose(found.rows[0], unit("blue"), atol=1e-6)
    assert found.rows[1][0] > 0.9
    server.most_characters = 0
    with pytest.raises(ModelError, match="takes no text at all"):
        model_at(server.address).embed(["red"], Side.DOCUMENT)


@given(st.text(max_size=400), st.integers(1, 40))
def test_pieces_are_the_text(text: str, most: int) -> None:
    pieces = pieces_of(text, most)
    assert "".join(pieces) == text
    assert all(pieces) or pieces == [""]
    assert len(pieces) <= max(1, 2 * len(text))


def test_code_has_no_more_tokens_than_is_reckoned_with() -> None:
    """As with BERT, where each sign is a token and words are cut into pieces of some letters."""
    code = 'if (a[i] != b->c) { return foo_bar(x, "some message %s"); }  // überall\n' * 9
    assert all(len(piece) <= 3 * 64 for piece in pieces_of(code, 64))


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_passes_is_tried_again(server: Told, waited: list[float], status: int) -> None:
    server.answers = [(status, {}, b"busy"), (status, {"Retry-After": "9000"}, b"")]
    found = model_at(server.address, waited).embed(["red"], Side.DOCUMENT)
    np.testing.assert_allclose(found.rows, [unit("red")], atol=1e-6)
    assert waited == [PAUSES_SECONDS[0], 30.0]


def test_tries_are_bounded(server: Told, waited: list[float]) -> None:
    server.answers = [(503, {}, b"loading the model")] * 9
    with pytest.raises(ModelError, match=r"HTTP 503: loading the model \(4 tries\); start the server, or"):
        model_at(server.address, waited).embed(["red"], Side.DOCUMENT)
    assert len(server.requests) == 4
    assert waited == list(PAUSES_SECONDS)


def test_a_server_that_is_not_there_is_told(waited: list[float]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ModelError, match=rf"{address}/v1/embeddings gives no .*refused.*start the"):
            model_at(address, waited).embed(["red"], Side.DOCUMENT)
    assert waited == list(PAUSES_SECONDS)


@pytest.mark.parametrize(
    ("status", "headers", "told"),
    [
        (401, {}, "HTTP 401: no .*name the environment variable"),
        (404, {}, "HTTP 404: no .*whether address and model"),
        (302, {"Location": "http://elsewhere/"}, "redirects are not followed"),
    ],
)
def test_refusals_say_what_to_do(server: Told, status: int, headers: dict[str, str], told: str) -> None:
    server.answers = [(status, headers, b"no " * 2)]
    with pytest.raises(ModelError, match=told):
        model_at(server.address).embed(["red"], Side.DOCUMENT)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b'{"data": []}', b'{"data": [{"index": 0, "embedding": []}]}',
     b'{"data": [{"index": 0, "embedding": [1]}, {"index": 1, "embedding": [1]}]}',
     b'{"data": [{"index": 0, "embedding": ["a"]}]}', b'{"data": [{"index": 0, "embedding": [1e300]}]}'],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
def test_answers_that_are_none_are_told(server: Told, body: bytes) -> None:
    server.answers = [(200, {}, body)]
    with pytest.raises(ModelError, match=server.address):
        model_at(server.address).embed(["red"], Side.DOCUMENT)


def test_the_key_goes_to_the_server_and_nowhere_else(server: Told) -> None:
    made = model_at(server.address, key=KEY)
    made.embed(["red"], Side.DOCUMENT)
    assert server.keys == [f"Bearer {KEY}"]
    assert KEY not in made.fingerprint
    server.answers = [(401, {}, f"wrong key {KEY}".encode())]
    with pytest.raises(ModelError, match=r"wrong key \*\*\*") as caught:
        made.embed(["red"], Side.DOCUMENT)
    assert KEY not in str(caught.value)


def test_a_key_is_not_sent_in_the_clear() -> None:
    with pytest.raises(ModelError, match="use https"):
        model_at("http://192.0.2.1/v1", key=KEY).embed(["red"], Side.DOCUMENT)


def test_a_connection_that_was_cut_is_made_anew(server: Told) -> None:
    made = model_at(server.address)
    made.embed(["red"], Side.DOCUMENT)
    made.close()
    np.testing.assert_allclose(made.embed(["blue"], Side.QUERY).rows, [unit("blue")], atol=1e-6)


def test_names_lengths_and_prompts_are_in_the_fingerprint() -> None:
    names = ["http://h/v1", "http://h/v1#a", "http://h/v1#b", "http://i/v1", "http://h/api/embed"]
    found = [model_at(name).fingerprint for name in names]
    found.append(model_at("http://h/v1", tokens=8000).fingerprint)
    assert len(set(found)) == len(found)
    assert model_at("http://h/v1/embeddings").fingerprint == found[0]


def test_vectors_are_kept_so_that_a_second_build_asks_nothing(server: Told, tmp_path: Path) -> None:
    def opened() -> TextEmbedder:
        made = open_embedder(
            f"{server.address}#tiny",
            open_store=lambda: VectorCache(tmp_path, most_bytes=1_000_000),
            running=RunOptions(max_tokens=100),
        )
        assert isinstance(made, TextEmbedder)
        return made

    first = opened()
    rows = first.embed_documents(documents("red", "blue", "red"))
    first.close()
    asked = len(server.requests)
    again = opened()
    np.testing.assert_array_equal(again.embed_documents(documents("red", "blue", "red")), rows)
    assert len(server.requests) == asked
    again.close()


def test_another_model_under_the_same_name_is_found_out(server: Told, tmp_path: Path) -> None:
    cache = VectorCache(tmp_path, most_bytes=1_000_000)

    def opened() -> TextEmbedder:
        return TextEmbedder(model_at(server.address), store=cache)

    def asked(embedder: TextEmbedder) -> Vectors:
        return embedder.embed_query([], idf=lambda term: 1.0, text="red blue")

    first = opened()
    first.embed_documents(documents("red"))
    expected = asked(first)
    same = opened()
    np.testing.assert_array_equal(asked(same), expected)
    assert len(server.requests[-1]["input"]) == 2, "the query, and a text by which the model is known"
    asked(same)
    assert len(server.requests[-1]["input"]) == 1, "once a process"
    server.turned = 1
    with pytest.raises(ModelError, match="it has another model now; run 'semindex cache clear', then"):
        asked(opened())
    with pytest.raises(ModelError, match="gives other vectors"):
        opened().embed_documents(documents("green"))
    assert len(opened().embed_documents(documents("red"))) == 1, "nothing is asked"
    server.turned, server.dropped = 0, 1
    with pytest.raises(ModelError, match="gives other vectors"):
        asked(opened())
    cache.clear()
    assert len(asked(opened())) == len(expected) - 1
    cache.close()


def test_what_all_texts_share_is_taken_out(server: Told) -> None:
    made = TextEmbedder(model_at(server.address))
    red, blue, nothing = made.embed_documents(documents("red", "blue", "unheard"))
    assert float(red @ blue) == pytest.approx(0.2, abs=0.25)
    assert not nothing.any(), "as the probe, it says nothing"
    asked = made.embed_query([], idf=lambda term: 1.0, text="red")
    assert float(asked @ red) > 0.9 > float(asked @ blue)
    made.close()
