"""Sequences that are made when they are read behave as the tuples that they become."""

import copy
import pickle
import threading
from collections.abc import Callable, Sequence

import pytest

from semindex.types import Deferred


class Counted:
    """Makes items, and counts how often it was asked to."""

    def __init__(self, items: Sequence[str]) -> None:
        self.items = items
        self.times = 0

    def __call__(self) -> Sequence[str]:
        self.times += 1
        return self.items


@pytest.mark.parametrize("items", [[], ["one"], ["one", "two", "three"]])
@pytest.mark.parametrize(
    "look",
    [len, tuple, list, repr, hash, bool, reversed, pickle.dumps, lambda found: found[:2], lambda f: f == ()],
)
def test_it_is_made_once_when_it_is_first_looked_at(
    look: Callable[[Sequence[str]], object], items: list[str]
) -> None:
    make = Counted(items)
    deferred = Deferred(make)
    assert make.times == 0
    look(deferred)
    list(deferred)
    look(deferred)
    assert make.times == 1


@pytest.mark.parametrize("items", [(), ("one",), ("one", "two", "three")])
def test_it_equals_a_tuple_of_the_same_items(items: tuple[str, ...]) -> None:
    deferred = Deferred(lambda: items)
    assert deferred == items
    assert items == deferred
    assert deferred == Deferred(lambda: list(items))
    assert deferred != (*items, "more")
    assert deferred != 7
    assert hash(deferred) == hash(items)
    assert repr(deferred) == repr(items)
    assert (len(deferred), list(deferred), deferred[1:]) == (len(items), list(items), items[1:])
    assert [item in deferred for item in (*items, "none")] == [*(True for _ in items), False]


def test_it_leaves_the_process_as_a_tuple() -> None:
    deferred = Deferred(lambda: ["one", "two"])
    for left in (pickle.loads(pickle.dumps(deferred)), copy.deepcopy(deferred)):
        assert type(left) is tuple
        assert left == ("one", "two")


def test_what_made_it_is_let_go() -> None:
    class Large:
        """Something that takes memory."""

    import gc
    import weakref

    large = Large()
    gone = weakref.ref(large)
    deferred = Deferred(lambda held=large: [type(held).__name__])  # type: ignore[misc]
    del large
    assert gone() is not None
    assert list(deferred) == ["Large"]
    gc.collect()
    assert gone() is None


def test_an_error_is_raised_each_time() -> None:
    def fail() -> Sequence[str]:
        raise ValueError("broken")

    deferred = Deferred(fail)
    for _ in range(2):
        with pytest.raises(ValueError, match="broken"):
            len(deferred)


def test_threads_see_the_same_items() -> None:
    """Two read at once: each waits in the middle of making for the other to begin, or sees the items made."""
    barrier = threading.Barrier(2)
    found: list[tuple[str, ...]] = []
    deferred = Deferred(lambda: [str(barrier.wait(30) < 2), "two"])
    threads = [threading.Thread(target=lambda: found.append(tuple(deferred))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [("True", "two")] * 2


def test_a_deferred_sequence_can_be_added_to_another() -> None:
    assert Deferred(lambda: [1, 2]) + Deferred(lambda: [3]) == (1, 2, 3)
