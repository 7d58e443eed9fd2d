"""Files to batches: each once, none too large, small towards the end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from semindex.indexing.batch import (
    BATCH_FILES,
    LARGE_BYTES,
    LEAST_BATCH_BYTES,
    LONGEST_READ_BYTES,
    Batch,
    Wanted,
    batches,
)
from semindex.types import FileRef

SIZES = st.lists(st.one_of(st.integers(0, 40_000), st.integers(0, 3 * LONGEST_READ_BYTES)), max_size=120)


def wanted(sizes: list[int]) -> list[Wanted]:
    return [Wanted(FileRef(f"{i}.c", size, 1, 1, i)) for i, size in enumerate(sizes)]


def cut(sizes: list[int], most_bytes: int, workers: int) -> list[Batch]:
    return list(batches(wanted(sizes), most_bytes=most_bytes, workers=workers))


def weight(batch: Batch) -> int:
    return sum(min(each.ref.size_bytes, LONGEST_READ_BYTES) for each in batch.files)


@given(SIZES, st.integers(LEAST_BATCH_BYTES, 20_000_000), st.integers(1, 9))
def test_every_file_is_in_one_batch_and_no_batch_is_too_large(
    sizes: list[int], most_bytes: int, workers: int
) -> None:
    found = cut(sizes, most_bytes, workers)
    files = [each for batch in found for each in batch.files]
    assert sorted(files, key=lambda each: each.ref.inode) == wanted(sizes)
    for batch in found:
        assert 1 <= len(batch.files) <= BATCH_FILES
        assert weight(batch) - weight(Batch(batch.files[-1:])) < most_bytes


@given(SIZES, st.integers(1, 9))
def test_large_files_come_first_and_the_others_keep_their_order(sizes: list[int], workers: int) -> None:
    numbers = [each.ref.inode for batch in cut(sizes, 4_000_000, workers) for each in batch.files]
    small = [number for number in numbers if sizes[number] < LARGE_BYTES]
    assert small == sorted(small)
    assert numbers[len(numbers) - len(small) :] == small


def test_several_workers_get_less_and_less_so_that_they_end_together() -> None:
    sizes = [20_000] * 1500
    alone, shared = cut(sizes, 8_000_000, 1), cut(sizes, 8_000_000, 2)
    assert [weight(batch) for batch in alone] == [8_000_000] * 3 + [6_000_000]
    weights = [weight(batch) for batch in shared]
    assert weights == sorted(weights, reverse=True)
    assert weights[0] > 7_000_000
    assert weights[-1] <= LEAST_BATCH_BYTES


def test_many_tiny_files_are_cut_by_their_number() -> None:
    assert [len(batch.files) for batch in cut([10] * (2 * BATCH_FILES + 5), 8_000_000, 1)] == [
        BATCH_FILES,
        BATCH_FILES,
        5,
    ]


def test_the_parts_of_a_batch_are_its_files() -> None:
    batch = Batch(tuple(wanted([5, 6, 7])))
    assert batch.parts() == [Batch((each,)) for each in batch.files]
