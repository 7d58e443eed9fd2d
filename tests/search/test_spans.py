"""Which chunks of a file are shown: those that do what was asked for, before those that only name it."""

from __future__ import annotations

import numpy as np
import pytest

from semindex.search.spans import Spans
from semindex.search.weights import WEIGHTS
from semindex.store.generation import Generation
from semindex.types import GroupBy, Kind

from .growing import Grow

METHOD = '''
    def {name}(self, message):
        """{what}"""
        self.count += 1
        for handler in self.handlers:
            if handler.ready(message):
                handler.send(message)
                self.sent.add(message.number)
            else:
                self.kept.append((message.number, handler.name))
        for number in sorted(self.sent):
            self.log.info("done with %s", number)
        return self.count
'''
QUEUE = (
    "class RetryQueue:\n"
    '    """Messages that wait to be sent again, with a delay between retries."""\n\n'
    "    retry_delay = 30\n"
    "    retry_limit = 5\n"
    + "".join(
        METHOD.format(name=name, what=what)
        for name, what in (
            ("append", "Take a message in."),
            ("delay_until_retry", "Wait before a message is sent again."),
            ("discard", "Forget a message that failed too often."),
        )
    )
)


def oracle(generation: Generation, chunk: int) -> bool:
    """Whether a chunk begins, and does not end, the innermost definition around its lines."""
    owner = generation.spot(chunk).owner
    for symbol in generation.starting(chunk):
        record = generation.symbol(symbol)
        if record.qualified == owner:
            return record.end_line > generation.lines(chunk)[1]
    return False


def test_heads_are_chunks_in_which_their_definition_begins_and_does_not_end(generation: Generation) -> None:
    chunks = np.arange(generation.chunks)
    heads = generation.heads(chunks)
    assert heads.any() and not heads.all()
    assert heads.tolist() == [oracle(generation, chunk) for chunk in chunks.tolist()]
    some = chunks[::3]
    assert generation.heads(some).tolist() == heads[::3].tolist()


@pytest.mark.parametrize(
    ("query", "symbol"),
    [
        ("wait with a delay before a retry", "RetryQueue.delay_until_retry"),
        ("forget messages that failed", "RetryQueue.discard"),
    ],
)
def test_a_method_is_shown_before_the_head_of_its_class(grow: Grow, query: str, symbol: str) -> None:
    index = grow({"queue.py": QUEUE})
    assert index.search(query)[0].symbol == symbol
    assert index.search(query, group_by=GroupBy.CHUNK)[0].symbol == symbol


def test_names_change_nothing_by_more_than_their_weight(generation: Generation) -> None:
    spans, sizes = Spans(generation, WEIGHTS), np.diff(generation.file_starts)
    chunks = np.arange(generation.chunks)
    plain = np.random.default_rng(0).uniform(0, 1, len(chunks))
    named = spans.with_names(("make", "server"), chunks, plain, sizes)
    assert (named >= plain).all() and (named <= plain + WEIGHTS.span_name + 1e-12).all()
    assert (named > plain).any()
    begin = 0
    for number, size in enumerate(sizes.tolist()):
        inside = slice(begin, begin + size)
        gained = named[inside] > plain[inside]
        assert number < WEIGHTS.span_named_files or not gained.any()
        assert (plain[inside][gained] >= plain[inside].max() - WEIGHTS.span_name).all()
        begin += size


def test_prose_is_shown_late_unless_it_is_asked_for(grow: Grow) -> None:
    index = grow(
        {
            "README.md": "# Retries\n\nA message is sent again after a delay.\n",
            "queue.py": QUEUE,
        }
    )
    asked = index.search("guide to sending a message again after a delay", group_by=GroupBy.CHUNK)
    plain = index.search("sending a message again after a delay", group_by=GroupBy.CHUNK)
    order = [[hit.kind in (Kind.SECTION.label, Kind.TEXT.label) for hit in hits] for hits in (asked, plain)]
    assert order[0].index(True) <= order[1].index(True)
    assert not order[1][0]
