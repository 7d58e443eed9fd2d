"""Scores over a generation are those of the formula, to the last bit, in several segments too."""

import numpy as np
import pytest

import semindex
from semindex.embed.static import StaticEmbedder
from semindex.search.matches import BodyMatches, Near, TextMatches
from semindex.search.retrieve import CHUNK_TEXT_FIELDS, TEXT_FIELDS, Corpus
from semindex.search.shortlist import by_file_maximum
from semindex.search.weights import WEIGHTS
from semindex.store.generation import Generation
from semindex.store.schema import RANKED_FILE_FIELDS as BY_FILE
from semindex.tokens import hash_term, hash_terms, query_terms
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


def matches(
    corpus: Corpus, terms: list[QueryTerm], near: Near | None = None
) -> tuple[TextMatches, BodyMatches]:
    """As an index that answers alone weighs them."""
    found = corpus.look_up(terms, near if near is not None else Near.none(len(terms)))
    return corpus.matches(found, found.frequencies)


def frequency(
    generation: Generation, corpus: Corpus, term: str, chunk: int, fields: tuple[str, ...] = TEXT_FIELDS
) -> float:
    """A term's tf' in a chunk by some fields, added in their order."""
    total = 0.0
    for field in fields:
        weight, b = WEIGHTS.fields[field]
        row = chunk if field in CHUNK_TEXT_FIELDS else int(generation.chunk_file[chunk])
        (found,) = generation.occurrences(field, np.array([hash_term(term)], dtype=np.uint64))
        for at in np.flatnonzero(found.ids == row).tolist():
            norm = 1.0 - b + b * (int(generation.lengths[field][row]) / corpus.totals.average(field))
            total += weight / norm * float(found.counts[at])
    return total


def own(text: TextMatches, number: int) -> dict[int, float]:
    """By chunk, what a term has in names and comments."""
    cut = slice(text.cuts[number], text.cuts[number + 1])
    chunks = text.found.touched[text.found.places[cut]].tolist()
    assert chunks == sorted(set(chunks))
    return dict(zip(chunks, text.found.frequency[cut].tolist(), strict=True))


def by_path(text: TextMatches, number: int) -> dict[int, float]:
    """By file, what a term has in its path."""
    found = text.found
    places = np.flatnonzero(found.file_numbers == number)
    return dict(zip(found.file_ids[places].tolist(), found.file_frequency[places].tolist(), strict=True))


@pytest.mark.usefixtures("blocks")
def test_frequencies_are_added_field_by_field(corpus: Corpus) -> None:
    generation, (text, _) = corpus.generation, matches(corpus, TERMS)
    places = {term.term: number for number, term in enumerate(text.terms)}
    assert sum(bool(own(text, number)) for number in places.values()) >= 4
    assert any(by_path(text, number) for number in places.values())
    chunks = np.flatnonzero(generation.chunk_live).tolist()
    for term in TERMS:
        wanted = {
            chunk: frequency(generation, corpus, term.term, chunk, CHUNK_TEXT_FIELDS) for chunk in chunks
        }
        path = {chunk: frequency(generation, corpus, term.term, chunk, BY_FILE) for chunk in chunks}
        having = {chunk for chunk in chunks if wanted[chunk] or path[chunk]}
        if term.term not in places:
            assert not having and term.weight < 1.0
            continue
        number = places[term.term]
        assert own(text, number) == {chunk: value for chunk, value in wanted.items() if value}
        files = {int(generation.chunk_file[chunk]): value for chunk, value in path.items() if value}
        assert by_path(text, number) == files
        assert text.idf[number] == corpus.chunk_idf(len(having))


@pytest.mark.usefixtures("blocks")
def test_files_have_the_words_of_their_paths_and_of_their_chunks(corpus: Corpus) -> None:
    generation, (text, _) = corpus.generation, matches(corpus, TERMS)
    files = np.flatnonzero(generation.file_live)
    firsts, lasts = generation.file_starts[files], generation.file_starts[files + 1] - 1
    held = text.held_by(files, firsts, lasts)
    for number, term in enumerate(text.terms):
        wanted = [
            any(frequency(generation, corpus, term.term, chunk) for chunk in range(first, last + 1))
            for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True)
        ]
        assert held[number].tolist() == wanted


@pytest.mark.usefixtures("blocks")
def test_text_and_code_are_looked_up_together_or_apart(corpus: Corpus) -> None:
    assert corpus.text_frequencies(TERMS) == corpus.look_up(TERMS, Near.none(len(TERMS))).frequencies.text


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("step", [None, 1, 3])
def test_the_best_chunk_of_a_file_is_scored_term_by_term(corpus: Corpus, step: int | None) -> None:
    generation, (text, _) = corpus.generation, matches(corpus, TERMS)
    scores = np.zeros(generation.chunks)
    for number, worth in enumerate(text.worth):
        chunk_values, file_values = own(text, number), by_path(text, number)
        for chunk in np.flatnonzero(generation.chunk_live).tolist():
            value = chunk_values.get(chunk, 0.0) + file_values.get(int(generation.chunk_file[chunk]), 0.0)
            scores[chunk] += value / (WEIGHTS.k1 + value) * worth
    kinds = None
    if step is not None:
        kinds = np.zeros(generation.chunks, dtype=bool)
        kinds[::step] = True
        scores[~kinds] = -1.0
    wanted = by_file_maximum(scores, generation) / text.idf_sum
    found = text.best(generation, WEIGHTS.k1, kinds)
    assert found.max() > 0.05
    assert found[wanted >= 0.0] == pytest.approx(wanted[wanted >= 0.0], abs=1e-12)


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
        monkeypatch.setattr("semindex.search.retrieve.THREADED_CHUNKS", 0)
        monkeypatch.setattr("semindex.store.generation._BLOCK_BYTES", 1)


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("step", [1, 3])
def test_neighbours_count_with_their_share(corpus: Corpus, step: int) -> None:
    generation = corpus.generation
    found = StaticEmbedder.bundled().neighbours(hash_terms(term.term for term in TERMS))
    near = Near(found.hashes, 0.3 * found.cosines, found.counts.tolist())
    text, _ = matches(corpus, TERMS, near)
    assert len(near.keys)
    files, chunks, *laid = chosen_of(generation, step)
    wanted = np.zeros(len(chunks))
    for number, term in enumerate(text.terms):
        chunk_values, file_values = own(text, number), by_path(text, number)
        soft = soft_frequencies(corpus, near, TERMS.index(term))
        for place, chunk in enumerate(chunks.tolist()):
            value = soft.get(chunk, 0.0) + chunk_values.get(chunk, 0.0)
            value += file_values.get(int(generation.chunk_file[chunk]), 0.0)
            wanted[place] += value / (WEIGHTS.k1 + value) * text.worth[number]
    for _ in range(2):
        text, _ = matches(corpus, TERMS, near)
        with corpus.chosen(files, chunks, *laid) as chosen:
            assert np.array_equal(corpus.exact_lexical(text, chosen), wanted / text.idf_sum)


def soft_frequencies(corpus: Corpus, near: Near, number: int) -> dict[int, float]:
    """By chunk: fields in their order, in each the neighbours in theirs."""
    generation = corpus.generation
    totals: dict[int, float] = {}
    begin = sum(near.runs[:number])
    own = slice(begin, begin + near.runs[number])
    for field in TEXT_FIELDS:
        weight, b = WEIGHTS.fields[field]
        occurrences = generation.occurrences(field, near.keys[own])
        for share, found in zip(near.shares[own].tolist(), occurrences, strict=True):
            for row, count in zip(found.ids.tolist(), found.counts.tolist(), strict=True):
                norm = 1.0 - b + b * (int(generation.lengths[field][row]) / corpus.totals.average(field))
                first, last = row, row + 1
                if field not in CHUNK_TEXT_FIELDS:
                    first, last = generation.file_starts[row : row + 2].tolist()
                for chunk in range(first, last):
                    totals[chunk] = totals.get(chunk, 0.0) + share * (weight / norm * float(count))
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
            norm = 1.0 - WEIGHTS.body_b + WEIGHTS.body_b * (int(body[row]) / average)
            value = 1.0 / norm * count
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
        scores = corpus.body_scores(body_matches, chosen)
    assert np.array_equal(scores.scores, chunk[chunks] / totals[0])
    assert np.array_equal(scores.words, words[chunks])


def test_no_terms_score_nothing(corpus: Corpus) -> None:
    none: list[QueryTerm] = []
    text, body = matches(corpus, none)
    assert text.terms == () and not text.best(corpus.generation, WEIGHTS.k1, None).any()
    assert not body.file.any()
    with corpus.chosen(*chosen_of(corpus.generation, 1)) as chosen:
        assert not corpus.exact_lexical(text, chosen).any()
        assert not corpus.body_scores(body, chosen).scores.any()
