"""The map in memory: most recently used, not too old, not too many."""

from __future__ import annotations

from collections import OrderedDict

from hypothesis import given
from hypothesis import strategies as st

from semindex.process.recent import ENTRY_BYTES, RecentlyUsed

steps = st.lists(
    st.one_of(
        st.tuples(st.just("get"), st.integers(0, 5)),
        st.tuples(st.just("put"), st.integers(0, 5)),
        st.tuples(st.just("wait"), st.integers(1, 9)),
        st.tuples(st.just("clear"), st.just(0)),
    ),
    max_size=40,
)


def weigh(_key: int, value: str) -> int:
    return len(value)


@given(steps, st.integers(0, 4), st.integers(1, 20))
def test_it_knows_what_a_plain_model_of_it_knows(
    actions: list[tuple[str, int]], size: int, seconds: int
) -> None:
    now = 0.0
    cache: RecentlyUsed[int, str] = RecentlyUsed(
        size, most_bytes=10**9, size_of=weigh, seconds=seconds, clock=lambda: now
    )
    model: OrderedDict[int, tuple[str, float]] = OrderedDict()
    found = 0
    for number, (action, value) in enumerate(actions):
        if action == "wait":
            now += value
        elif action == "clear":
            cache.clear()
            model.clear()
        elif action == "put":
            cache.put(value, str(number))
            model[value] = str(number), now
            model.move_to_end(value)
            while len(model) > size:
                model.popitem(last=False)
        else:
            known = model.get(value)
            fresh = known is not None and now - known[1] < seconds
            assert cache.get(value) == (known[0] if known is not None and fresh else None)
            if fresh:
                found += 1
                model.move_to_end(value)
            else:
                model.pop(value, None)
        assert len(cache) <= size
    assert cache.found == found


def test_old_entries_are_given_back_when_new_ones_come() -> None:
    now = 0.0
    cache: RecentlyUsed[int, str] = RecentlyUsed(
        100, most_bytes=10**9, size_of=weigh, seconds=10, clock=lambda: now
    )
    for key in range(50):
        cache.put(key, "old")
    now = 10.0
    cache.put(99, "new")
    assert len(cache) == 1


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5_000)), max_size=40), st.integers(0, 9_000))
def test_it_never_holds_more_bytes_than_it_may(puts: list[tuple[int, int]], most_bytes: int) -> None:
    cache: RecentlyUsed[int, str] = RecentlyUsed(100, most_bytes=most_bytes, size_of=weigh)
    held: OrderedDict[int, int] = OrderedDict()
    for key, size in puts:
        cache.put(key, "x" * size)
        held.pop(key, None)
        if ENTRY_BYTES + size <= most_bytes:
            held[key] = ENTRY_BYTES + size
        while sum(held.values()) > most_bytes:
            held.popitem(last=False)
        assert cache.nbytes == sum(held.values())
        assert len(cache) == len(held)
    for key, size in list(held.items()):
        assert cache.get(key) == "x" * (size - ENTRY_BYTES)
    cache.clear()
    assert cache.nbytes == 0
