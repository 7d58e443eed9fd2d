"""Scores over a generation are those of the formula, to the last bit, in several segments too."""

import numpy as np
import pytest

import semindex
from semindex.embed.static import StaticEmbedder
from semindex.search.retrieve import CHUNK_TEXT_FIELDS, TEXT_FIELDS, BodyMatches, Corpus, Near, TextMatches
from semindex.search.shortlist import by_file_maximum
from semindex.search.weights import WEIGHTS
from semindex.store.generation import Generation
from semindex.tokens import hash_term, query_terms
from semindex.types import QueryTerm
from tests.corpus import copy_package, opened_generation

TERMS = query_terms("parse the route request header of a zzqq cookie template error path")


@pytest.fixture(scope="module", params=["one segment", "several, with dead files"])
def corpus(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    root = copy_package("wsgiref", tmp_path_factory.mktemp("tree") / "repo")
    place = tmp_path_factory.mktemp("index")
    files = sorted(root.rglob("*.py"))
    with semindex.open(root, index_dir=place) as index:
        index.refresh()
        if request.param != "one segment":
            files[2].write_text("# parse the path of a request\n" + files[2].read_text("utf-8"), "utf-8")
            files[4].unlink()
            index.refresh()
    generation = opened_generation(place)
    assert generation.all_live is (request.param == "one segment")
    return Corpus(generation)


def matches(corpus: Corpus, terms: list[QueryTerm]) -> tuple[TextMatches, BodyMatches]:
    """As an index that answers alone weighs them."""
    found = corpus.look_up(terms)
    return corpus.matches(found, found.frequencies)


def frequency(
    generation: Generation, corpus: Corpus, term: str, chunk: int, share: float = 1.0
) -> list[float]:
    """What each field adds to a term's tf' in a chunk, in the order of the fields."""
    parts = []
    for field in TEXT_FIELDS:
        weight, b = WEIGHTS.fields[field]
        row = chunk if field in CHUNK_TEXT_FIELDS else int(generation.chunk_file[chunk])
        (found,) = generation.occurrences(field, np.array([hash_term(term)], dtype=np.uint64))
        for at in np.flatnonzero(found.ids == row).tolist():
            norm = 1.0 - b + b * (int(generation.lengths[field][row]) / corpus.totals.average(field))
            parts.append(share * (weight * float(found.counts[at]) / norm))
    return parts


def added(parts: list[float]) -> float:
    """One after the other; ``sum`` compensates for rounding from Python 3.12 on."""
    total = 0.0
    for part in parts:
        total += part
    return total


@pytest.mark.usefixtures("blocks")
def test_frequencies_are_added_field_by_field(corpus: Corpus) -> None:
    generation, (text, _) = corpus.generation, matches(corpus, TERMS)
    places = {term.term: number for number, term in enumerate(text.terms)}
    assert sum(len(text.chunks(number)) > 0 for number in places.values()) >= 4
    for term in TERMS:
        wanted = {
            chunk: added(frequency(generation, corpus, term.term, chunk))
            for chunk in np.flatnonzero(generation.chunk_live).tolist()
        }
        wanted = {chunk: value for chunk, value in wanted.items() if value}
        if term.term not in places:
            assert not wanted and term.weight < 1.0
            continue
        number = places[term.term]
        own = text.numbers == number
        assert text.ids[own].tolist() == text.chunks(number).tolist() == sorted(wanted)
        assert dict(zip(text.ids[own].tolist(), text.frequency[own].tolist(), strict=True)) == wanted
        assert text.idf[number] == corpus.chunk_idf(len(wanted))


@pytest.mark.usefixtures("blocks")
def test_text_and_code_are_looked_up_together_or_apart(corpus: Corpus) -> None:
    assert corpus.text_frequencies(TERMS) == corpus.look_up(TERMS).frequencies.text


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("step", [None, 1, 3])
def test_the_best_chunk_of_a_file_is_scored_term_by_term(corpus: Corpus, step: int | None) -> None:
    generation, (text, _) = corpus.generation, matches(corpus, TERMS)
    wanted = np.zeros(generation.chunks)
    for number, chunk, value in zip(text.numbers, text.ids, text.frequency, strict=True):
        wanted[chunk] += value / (WEIGHTS.k1 + value) * text.worth[number]
    kinds = None
    if step is not None:
        kinds = np.zeros(generation.chunks, dtype=bool)
        kinds[::step] = True
        wanted[~kinds] = 0.0
    for _ in range(2):
        found = corpus.best_by_text(text, kinds)
        assert np.array_equal(found, by_file_maximum(wanted, generation) / text.idf_sum)


def chosen_of(generation: Generation, step: int) -> list[np.ndarray]:
    """Every ``step``-th live chunk, as a filter by kind leaves them, of the files that have one."""
    chunks = np.flatnonzero(generation.chunk_live)[::step]
    files, owners, sizes = np.unique(generation.chunk_file[chunks], return_inverse=True, return_counts=True)
    return [files, chunks, np.searchsorted(owners, np.arange(len(files))), sizes]


@pytest.fixture(params=["term by term", "all terms together"])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an index of millions of chunks makes them, and as one of thousands."""
    if request.param == "term by term":
        monkeypatch.setattr("semindex.search.retrieve._CELLS", 1)
        monkeypatch.setattr("semindex.store.generation._BLOCK_BYTES", 1)


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("step", [1, 3])
def test_neighbours_count_with_their_share(corpus: Corpus, step: int) -> None:
    generation, (text, _) = corpus.generation, matches(corpus, TERMS)
    embedder = StaticEmbedder.bundled()
    near = [
        [(key, 0.3 * cosine) for key, cosine in embedder.neighbours(hash_term(term.term))]
        for term in text.terms
    ]
    files, chunks, *laid = chosen_of(generation, step)
    wanted = np.zeros(len(chunks))
    for number, pairs in enumerate(near):
        own = dict(zip(text.chunks(number).tolist(), text.frequency[text.numbers == number], strict=True))
        soft = soft_frequencies(corpus, pairs)
        for place, chunk in enumerate(chunks.tolist()):
            value = soft.get(chunk, 0.0) + own.get(chunk, 0.0)
            wanted[place] += value / (WEIGHTS.k1 + value) * text.worth[number]
    for _ in range(2):
        with corpus.chosen(files, chunks, *laid) as chosen:
            assert np.array_equal(corpus.exact_lexical(text, near, chosen), wanted / text.idf_sum)


def soft_frequencies(corpus: Corpus, pairs: Near) -> dict[int, float]:
    """By chunk: fields in their order, in each the neighbours in theirs."""
    generation = corpus.generation
    totals: dict[int, float] = {}
    keys = np.array([key for key, _ in pairs], dtype=np.uint64)
    for field in TEXT_FIELDS:
        weight, b = WEIGHTS.fields[field]
        for (_, share), found in zip(pairs, generation.occurrences(field, keys), strict=True):
            for row, count in zip(found.ids.tolist(), found.counts.tolist(), strict=True):
                norm = 1.0 - b + b * (int(generation.lengths[field][row]) / corpus.totals.average(field))
                first, last = row, row + 1
                if field not in CHUNK_TEXT_FIELDS:
                    first, last = generation.file_starts[row : row + 2].tolist()
                for chunk in range(first, last):
                    totals[chunk] = totals.get(chunk, 0.0) + share * (weight * float(count) / norm)
    return totals


@pytest.mark.usefixtures("blocks")
def test_bodies_are_scored_by_chunk_and_by_file(corpus: Corpus) -> None:
    generation, (_, body_matches) = corpus.generation, matches(corpus, TERMS)
    chunk, file = np.zeros(generation.chunks), np.zeros(generation.files)
    words = np.zeros(generation.chunks, dtype=np.int64)
    totals = [0.0, 0.0]
    body, average = generation.lengths["body"].astype(np.int64), corpus.totals.average("body")
    sizes = np.bincount(generation.chunk_file, body, generation.files)
    file_average = sizes[generation.file_live].sum() / generation.live_files
    for term in TERMS:
        (found,) = generation.occurrences("body", np.array([hash_term(term.term)], dtype=np.uint64))
        if not len(found.ids) and term.weight < 1.0:
            continue
        idf = corpus.chunk_idf(len(found.ids)) * term.weight
        totals[0] += idf
        words[found.ids] += not term.is_compound
        for row, count in zip(found.ids.tolist(), found.counts.tolist(), strict=True):
            value = count / (1.0 - WEIGHTS.body_b + WEIGHTS.body_b * (int(body[row]) / average))
            chunk[row] += value / (WEIGHTS.body_k1 + value) * idf
        counts = np.bincount(generation.chunk_file[found.ids], found.counts, generation.files)
        idf = corpus.file_idf(int(np.count_nonzero(counts))) * term.weight
        totals[1] += idf
        for owner in np.flatnonzero(counts).tolist():
            b = WEIGHTS.file_body_b
            value = counts[owner] / (1.0 - b + b * (sizes[owner] / file_average))
            file[owner] += value / (WEIGHTS.file_body_k1 + value) * idf
    assert np.array_equal(body_matches.file, file / totals[1])
    files, chunks, *laid = chosen_of(generation, 2)
    with corpus.chosen(files, chunks, *laid) as chosen:
        scores = body_matches.at(chosen)
    assert np.array_equal(scores.scores, chunk[chunks] / totals[0])
    assert np.array_equal(scores.words, words[chunks])


def test_no_terms_score_nothing(corpus: Corpus) -> None:
    none: list[QueryTerm] = []
    text, body = matches(corpus, none)
    assert text.terms == () and not corpus.best_by_text(text).any()
    assert not body.file.any()
    with corpus.chosen(*chosen_of(corpus.generation, 1)) as chosen:
        assert not corpus.exact_lexical(text, [], chosen).any()
        assert not body.at(chosen).scores.any()
