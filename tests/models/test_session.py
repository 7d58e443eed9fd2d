"""The inputs that a graph is given; that graphs are run with them is proved in ``test_encoder.py``."""

from semindex.models.session import _pad_inputs


def test_the_example_of_two_texts_gives_four_inputs() -> None:
    found = _pad_inputs([(101, 7, 102), (101, 102)], [(0, 0, 0), (0, 0)], 0)
    assert {name: array.tolist() for name, array in found.items()} == {
        "input_ids": [[101, 7, 102], [101, 102, 0]],
        "attention_mask": [[1, 1, 1], [1, 1, 0]],
        "token_type_ids": [[0, 0, 0], [0, 0, 0]],
        "position_ids": [[0, 1, 2], [0, 1, 1]],
    }
