"""The examples in ``codec.py`` hold; that any lists come back is proved in ``test_postings.py``."""

import numpy as np

from semindex.store.codec import Ascending, decode_lists, encode_lists

ROWS = np.array([3, 5, 300])
COUNTS = np.array([1, 2, 7], np.uint8)


def test_the_example_gives_six_bytes_and_comes_back() -> None:
    data, starts = encode_lists(ROWS, COUNTS, np.array([0]))
    assert (data.tolist(), starts.tolist()) == ([6, 5, 207, 4, 130, 135], [0, 6])
    found = decode_lists(data, starts[1:])
    assert (found.rows.tolist(), found.counts.tolist()) == ([3, 5, 300], [1, 2, 7])
    assert (found.sizes.tolist(), found.lasts.tolist(), found.good.tolist()) == ([3], [300], [True])


def test_lists_stand_one_after_the_other_and_a_base_moves_one_of_them() -> None:
    data, starts = encode_lists(np.append(ROWS, 2), np.append(COUNTS, np.uint8(1)), np.array([0, 3]))
    assert (data.tolist(), starts.tolist()) == ([6, 5, 207, 4, 130, 135, 4], [0, 6, 7])
    found = decode_lists(data, starts[1:], np.array([1000, 0]))
    assert found.rows.tolist() == [1003, 1005, 1300, 2]
    assert found.lasts.tolist() == [300, 2]


def test_ascending_numbers_are_their_low_bits_and_the_steps_of_the_high_ones() -> None:
    numbers = np.array([6, 70_000, 70_001])
    kept = Ascending.of(numbers)
    assert (kept.lows.tolist(), kept.steps.tolist()) == ([6, 4464, 4465], [0, 1])
    assert kept.at(np.array([2, 0])).tolist() == [70_001, 6]


def test_pieces_of_a_sequence_are_the_whole() -> None:
    numbers = np.array([6, 70_000, 70_001, 200_000])
    whole, first = Ascending.of(numbers), Ascending.of(numbers[:2])
    second = Ascending.of(numbers[2:], before=2, known=len(first.steps))
    assert np.concatenate((first.lows, second.lows)).tolist() == whole.lows.tolist()
    assert np.concatenate((first.steps, second.steps)).tolist() == whole.steps.tolist()
