"""What all language models share: streams that say why they ended, and contexts that bound what is asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semindex.errors import ModelError
from semindex.models.generating.language import Ending, LanguageModel, Message, Speaker, room_for

from ..scripted import ScriptedModel, tokens

ASK = [Message(Speaker.USER, "Where are flags parsed?")]


@given(st.text())
def test_the_pieces_of_a_stream_are_the_text(text: str) -> None:
    stream = ScriptedModel([text]).generate(ASK, max_tokens=1000)
    assert stream.ending is None
    pieces = list(stream)
    assert "".join(pieces) == text
    assert all(pieces)
    assert stream.ending is Ending.STOP


def test_a_stream_says_why_it_ended() -> None:
    model: LanguageModel = ScriptedModel(["one two three"])
    cut = model.generate(ASK, max_tokens=2)
    assert ("".join(cut), cut.ending) == ("one two", Ending.LENGTH)
    stopped = model.generate(ASK, max_tokens=9, stop=["zebra", " two"])
    assert ("".join(stopped), stopped.ending) == ("one", Ending.STOP)
    read: list[str] = []
    cancelled = model.generate(ASK, max_tokens=9, cancelled=lambda: bool(read))
    for piece in cancelled:
        read.append(piece)
    assert (read, cancelled.ending) == (["one"], Ending.CANCELLED)
    cancelled = model.generate(ASK, max_tokens=9, cancelled=lambda: True)
    assert (list(cancelled), cancelled.ending) == ([], Ending.CANCELLED)


def test_a_stream_that_is_closed_ends() -> None:
    stream = ScriptedModel(["one two three"]).generate(ASK, max_tokens=9)
    assert next(stream) == "one"
    stream.close()
    assert list(stream) == []
    assert stream.ending is Ending.CANCELLED


def test_a_failure_is_raised_where_the_stream_is_read() -> None:
    stream = ScriptedModel(["one two three"], fails_after=1).generate(ASK, max_tokens=9)
    assert next(stream) == "one"
    with pytest.raises(ModelError):
        next(stream)
    assert list(stream) == []
    stream.close()
    assert stream.ending is None


def test_what_does_not_fit_into_the_context_is_refused_before_the_model_is_asked() -> None:
    model = ScriptedModel(["yes"], context_size=40)
    fitting = room_for(model, ASK, 0)
    assert fitting == 40 - len(tokens(ASK[0].content)) - 8
    list(model.generate(ASK, max_tokens=fitting))
    with pytest.raises(ModelError, match=r"have 1 tokens more than the context of scripted \(40\)"):
        model.generate(ASK, max_tokens=fitting + 1)
    assert len(model.asked) == 1
