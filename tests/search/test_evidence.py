"""What is told of an answer: the words that the files shown have, the rarest first."""

import numpy as np
import pytest

from semindex.search.evidence import MAX_WORDS, Evidence, FirstOf
from semindex.search.scoring import Signal, weighed
from semindex.search.terms import NeighbourTerms
from semindex.store.generation import Generation
from semindex.tokens import hash_terms, query_terms
from semindex.types import Reason

from .lookups import WAYS, chosen_of, forced, look_up
from .occurrences import Occurrences

TERMS = query_terms("parse the route request header of a zzqq cookie template error path wsgi server simple")


def evidence_of(generation: Generation, way: str, shown: list[int]) -> Evidence:
    """Of all live files, of which some are shown; each has 2 by words and loses 1 by its size."""
    near = NeighbourTerms.none(len(TERMS))
    chosen = chosen_of(generation, np.flatnonzero(generation.chunk_live).tolist())
    with forced(way):
        found, source = look_up(generation, hash_terms(term.term for term in TERMS), near, way)
        matches = weighed(TERMS, found, source, generation)
    count = len(chosen.files)
    signals = [Signal("size", np.full(count, -1.0)), Signal("words", np.full(count, 2.0))]
    return Evidence(matches, chosen, signals, None, {}, {}, {}, {}, shown, generation)


@pytest.mark.parametrize("way", WAYS)
def test_files_have_the_words_of_their_paths_and_of_their_chunks(generation: Generation, way: str) -> None:
    known = Occurrences(generation)
    files = np.flatnonzero(generation.file_live).tolist()
    shown = list(range(len(files)))[::-1]
    evidence = evidence_of(generation, way, shown)
    having = {term.term: known.having(term.term) for term in TERMS}
    rarest = sorted(TERMS, key=lambda term: (-evidence_worth(evidence, term.term), term.term))
    several = 0
    for place, file in enumerate(files):
        chunks = set(range(*generation.file_starts[file : file + 2].tolist()))
        words = list(dict.fromkeys(term.source for term in rarest if having[term.term] & chunks))
        several += len(words) > 1
        wanted = Reason("words", 2.0, ", ".join(words[:MAX_WORDS]))
        assert evidence.reasons(file) == (wanted, Reason("size", -1.0, ""))
        assert evidence.chosen.files[place] == file
    assert several > 3


def evidence_worth(evidence: Evidence, term: str) -> float:
    """Weight times idf of a term; those that are left out come last."""
    matches = evidence.matches
    worth = {each.term: value for each, value in zip(matches.terms, matches.worth, strict=True)}
    return worth.get(term, 0.0)


def test_of_several_rankings_the_first_that_shows_a_file_tells_of_it(generation: Generation) -> None:
    files = np.flatnonzero(generation.file_live).tolist()
    one, other = evidence_of(generation, WAYS[0], [0]), evidence_of(generation, WAYS[0], [1])
    both = FirstOf([(frozenset(files[:1]), one), (frozenset(files[:2]), other)])
    assert both.reasons(files[0]) == one.reasons(files[0])
    assert both.reasons(files[1]) == other.reasons(files[1])
