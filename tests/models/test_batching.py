"""Batch sizes: the pure functions' promises, and a controller over memory that runs out."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semindex.errors import ModelError
from semindex.models.batching import (
    PATIENCE,
    START_TOKENS,
    WORK_TOKENS,
    BatchRunner,
    Device,
    Footprint,
    OutOfMemory,
    batch_end,
    measured_bytes,
    most_rows,
)

MINILM = Footprint.of(hidden=384, inner=1536, heads=12)
BERT = Footprint.of(hidden=1024, inner=4096, heads=16)
AMPLE = 1 << 50

devices = st.sampled_from(Device)
footprints = st.builds(
    Footprint.of, hidden=st.integers(1, 4096), inner=st.integers(1, 16384), heads=st.integers(1, 64)
)
lengths = st.integers(1, 8192)
memory = st.integers(0, 1 << 40)
texts = st.lists(st.integers(0, 600), max_size=80)


@given(lengths, memory, devices, footprints)
def test_a_batch_is_never_empty_and_fits_unless_one_text_does_not(
    tokens: int, free: int, device: Device, footprint: Footprint
) -> None:
    rows = most_rows(tokens, free_bytes=free, device=device, footprint=footprint)
    assert rows >= 1
    assert rows == 1 or footprint.batch_bytes(rows, tokens) <= free
    assert rows == 1 or rows * tokens <= WORK_TOKENS[device]


@given(lengths, memory, memory, devices, footprints)
def test_more_memory_never_means_fewer_texts(
    tokens: int, one: int, other: int, device: Device, footprint: Footprint
) -> None:
    less, more = sorted((one, other))
    found = [most_rows(tokens, free_bytes=f, device=device, footprint=footprint) for f in (less, more)]
    assert found[0] <= found[1]


@given(lengths, lengths, memory, devices, footprints)
def test_longer_texts_never_mean_more_of_them(
    one: int, other: int, free: int, device: Device, footprint: Footprint
) -> None:
    short, long = sorted((one, other))
    found = [most_rows(t, free_bytes=free, device=device, footprint=footprint) for t in (long, short)]
    assert found[0] <= found[1]


@given(lengths, memory, footprints)
def test_a_gpu_is_given_no_less_than_a_processor(tokens: int, free: int, footprint: Footprint) -> None:
    found = [
        most_rows(tokens, free_bytes=free, device=device, footprint=footprint)
        for device in (Device.PROCESSOR, Device.GPU)
    ]
    assert found[0] <= found[1]


def test_memory_device_model_and_length_each_count() -> None:
    def rows(
        tokens: int = 128, free: int = AMPLE, device: Device = Device.GPU, model: Footprint = MINILM
    ) -> int:
        return most_rows(tokens, free_bytes=free, device=device, footprint=model)

    assert rows() == 128
    assert rows(tokens=256) == 64
    assert rows(device=Device.PROCESSOR) == 4
    assert rows(free=200_000_000) == 46
    assert rows(free=200_000_000, model=BERT) == 21


@given(texts, st.integers(1, 20))
def test_no_batch_would_be_cheaper_as_two(given_lengths: list[int], rows: int) -> None:
    descending = sorted(given_lengths, reverse=True)
    start = 0
    while start < len(descending):
        end = batch_end(descending, start, rows=rows, start_tokens=16)
        batch = descending[start:end]
        assert 1 <= len(batch) <= rows
        for cut in range(1, len(batch)):
            assert (batch[0] - batch[cut]) * (len(batch) - cut) <= 16
        if end < len(descending) and len(batch) < rows:
            saved = [(batch[0] - batch[cut]) * (len(batch) + 1 - cut) for cut in range(1, len(batch))]
            assert max([*saved, batch[0] - descending[end]]) > 0, "texts of one length stay together"
        start = end


@dataclass
class Memory:
    """A device with so many bytes, in which a batch takes ``factor`` times what its footprint says.

    Batches that are run at once share it.
    """

    capacity: int
    factor: float = 1.0
    asked: list[tuple[int, int]] = field(default_factory=list)
    """Rows and tokens of each batch, those that were refused too."""
    held: float = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    fitted: list[tuple[int, int]] = field(default_factory=list)

    def run(self, batches: BatchRunner, given_lengths: Sequence[int]) -> list[int]:
        """Run texts of some lengths; what came out, each text's own number."""
        out = [-1] * len(given_lengths)

        def one(places: Sequence[int], one_of_several: bool) -> list[int]:
            shape = len(places), max(given_lengths[place] for place in places)
            taken = MINILM.batch_bytes(*shape) * self.factor
            with self.lock:
                self.asked.append(shape)
                if self.held + taken > self.capacity:
                    raise OutOfMemory("no room")
                self.fitted.append(shape)
                self.held += taken
            time.sleep(0)  # lets another one begin
            with self.lock:
                self.held -= taken
            return [given_lengths[place] * 1000 + place for place in places]

        for places, made in batches.run(given_lengths, one):
            for place, value in zip(places, made, strict=True):
                assert out[place] == -1, "run once only"
                out[place] = value
        return out


def expected(given_lengths: Sequence[int]) -> list[int]:
    return [length * 1000 + place for place, length in enumerate(given_lengths)]


@given(texts, devices, st.integers(0, 20), memory, st.integers(1, 4))
def test_every_text_is_run_once_and_comes_back_to_its_place(
    given_lengths: list[int], device: Device, rows: int, free: int, streams: int
) -> None:
    batches = BatchRunner(MINILM, device=device, free_bytes=lambda: free, rows=rows, streams=streams)
    assert Memory(AMPLE).run(batches, given_lengths) == expected(given_lengths)
    assert batches.counted.texts == len(given_lengths)
    assert batches.counted.tokens == sum(given_lengths)


@given(texts, st.integers(50_000_000, 400_000_000), st.floats(0.5, 4), st.integers(0, 64), st.integers(1, 4))
def test_what_runs_out_of_memory_is_run_in_parts(
    given_lengths: list[int], capacity: int, factor: float, rows: int, streams: int
) -> None:
    """A GPU that holds less than is thought, whatever the texts: nothing is lost, nothing is run twice."""
    device = Memory(capacity * 4, factor)
    batches = BatchRunner(MINILM, device=Device.GPU, free_bytes=lambda: AMPLE, rows=rows, streams=streams)
    assert device.run(batches, given_lengths) == expected(given_lengths)
    assert len(device.asked) - len(device.fitted) == batches.counted.refused
    assert batches.counted.batches == len(device.fitted)


def test_what_is_measured_keeps_a_batch_from_running_out() -> None:
    room = 30_000_000
    device = Memory(room)
    batches = BatchRunner(MINILM, device=Device.GPU, free_bytes=lambda: room)
    device.run(batches, [200] * 100)
    assert batches.counted.refused == 0
    assert max(rows for rows, _ in device.fitted) > 1


def test_memory_that_shrinks_is_measured_before_each_batch() -> None:
    left = iter([64_000_000, 32_000_000, 16_000_000, *[8_000_000] * 100])
    device = Memory(AMPLE)
    device.run(BatchRunner(MINILM, device=Device.GPU, free_bytes=lambda: next(left)), [100] * 60)
    rows = [rows for rows, _ in device.fitted]
    assert rows[0] > rows[1] > rows[2] > rows[3] >= 1


def test_after_running_out_a_batch_takes_half_and_the_next_begin_there() -> None:
    device = Memory(50_000_000)
    batches = BatchRunner(MINILM, device=Device.GPU, free_bytes=lambda: AMPLE)
    device.run(batches, [256] * 12)
    assert device.asked == [(12, 256), (6, 256), *[(3, 256)] * 4]
    assert batches.counted.refused == 2
    refused = batches.counted.refused
    device.run(batches, [256] * 6)
    assert batches.counted.refused == refused, "the next call does not ask for too much again"


def test_batches_grow_again_once_there_is_room() -> None:
    device = Memory(50_000_000)
    batches = BatchRunner(MINILM, device=Device.GPU, free_bytes=lambda: 400_000_000)
    device.run(batches, [128] * 128)
    small = device.fitted[0]
    assert small[0] < 64
    device.capacity = AMPLE
    device.fitted.clear()
    for _ in range(40):
        device.run(batches, [128] * 128)
    assert device.fitted[0][0] == small[0]
    rows = [rows for rows, _ in device.fitted]
    largest = most_rows(128, free_bytes=400_000_000, device=Device.GPU, footprint=MINILM)
    assert largest > 2 * small[0]
    assert rows[-2] == largest
    assert batches.counted.refused > 0


def test_where_there_is_no_more_room_it_is_tried_less_and_less() -> None:
    device = Memory(50_000_000)
    batches = BatchRunner(MINILM, device=Device.GPU, free_bytes=lambda: AMPLE)
    device.run(batches, [256] * 3000)
    tries = [at for at, shape in enumerate(device.asked) if MINILM.batch_bytes(*shape) > device.capacity]
    gaps = [b - a for a, b in pairwise(tries) if b - a > 1]
    assert len(gaps) >= 3, gaps
    assert gaps == sorted(gaps)
    assert gaps[0] > PATIENCE
    assert gaps[-1] >= 2 * gaps[0]


def test_a_fixed_size_is_kept_and_gives_way_to_memory_only() -> None:
    device = Memory(AMPLE)
    device.run(BatchRunner(MINILM, free_bytes=lambda: 0, rows=7), [5, 500, 20, 1] * 7)
    assert [rows for rows, _ in device.fitted] == [7, 7, 7, 7]
    tight = Memory(20_000_000)
    tight.run(BatchRunner(MINILM, free_bytes=lambda: AMPLE, rows=7), [256] * 14)
    assert [rows for rows, _ in tight.asked[:2]] == [7, 3]
    assert {rows for rows, _ in tight.fitted} == {1}


@pytest.mark.parametrize("rows", [0, 7])
def test_memory_is_measured_before_it_may_have_run_out(rows: int) -> None:
    """Whatever measures it is loaded then; without memory it could not be."""
    done: list[str] = []

    def free_bytes() -> int:
        done.append("measured")
        return AMPLE

    batches = BatchRunner(MINILM, free_bytes=free_bytes, rows=rows)
    assert len(list(batches.run([3, 4], lambda places, _: done.append("ran")))) == 1
    assert done == ["measured", "ran"]


def test_one_text_that_does_not_fit_is_an_error_that_tells_what_to_do() -> None:
    batches = BatchRunner(MINILM, device=Device.GPU, free_bytes=lambda: AMPLE)
    with pytest.raises(
        ModelError, match=r"the gpu has no memory left for one text of 300 tokens \(no room\)"
    ):
        Memory(1000).run(batches, [300, 20, 10])


def test_the_longest_come_first_and_padding_is_counted() -> None:
    device = Memory(AMPLE)
    batches = BatchRunner(MINILM, free_bytes=lambda: AMPLE)
    device.run(batches, [100, 10, 98, 10, 10])
    assert device.fitted == [(2, 100), (3, 10)]
    assert (batches.counted.tokens, batches.counted.padding) == (228, 2)
    assert batches.counted.padded_share == pytest.approx(2 / 230)
    assert START_TOKENS[Device.PROCESSOR] < 88


def test_batches_run_at_once_and_one_after_another_when_memory_has_run_out() -> None:
    """Two texts of 256 tokens do not fit beside each other, though each does."""
    together = threading.Barrier(2)
    free = AMPLE
    batches = BatchRunner(MINILM, free_bytes=lambda: free, rows=1, streams=2)
    seen: list[bool] = []

    def meet(places: Sequence[int], one_of_several: bool) -> Sequence[int]:
        seen.append(one_of_several)
        together.wait(timeout=60)
        return places

    assert sorted(places[0] for places, _ in batches.run([256] * 4, meet)) == [0, 1, 2, 3]
    assert seen == [True] * 4
    under_way: list[int] = []

    def narrow(places: Sequence[int], one_of_several: bool) -> Sequence[int]:
        under_way.append(1)
        try:
            if batches.counted.refused == 0 and batches.counted.batches < 8:
                raise OutOfMemory("no room beside another")
            assert len(under_way) == 1, "alone"
            return places
        finally:
            under_way.pop()

    assert sorted(places[0] for places, _ in batches.run([256] * 6, narrow)) == [0, 1, 2, 3, 4, 5]
    assert batches.counted.refused > 0


def test_a_batch_that_holds_all_texts_is_told_that_it_is_alone() -> None:
    seen: list[bool] = []
    batches = BatchRunner(MINILM, free_bytes=lambda: AMPLE, streams=4)
    list(batches.run([9, 9, 9], lambda places, one_of_several: seen.append(one_of_several)))
    assert seen == [False]


def test_threads_may_share_it() -> None:
    batches = BatchRunner(MINILM, device=Device.GPU, free_bytes=lambda: AMPLE)
    found: dict[int, list[int]] = {}

    def work(number: int) -> None:
        found[number] = Memory(60_000_000).run(batches, [100 + number] * 200)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: expected([100 + number] * 200) for number in range(4)}
    assert batches.counted.texts == 800


def test_memory_is_measured_within_what_the_process_may_hold() -> None:
    free = measured_bytes(None)
    assert free > 0
    assert measured_bytes(1) == 0
    assert 0 < measured_bytes(1 << 40) <= 2 * free + (1 << 30)
    bounded = measured_bytes(4_000_000_000)
    assert bounded < 2_000_000_000


def test_the_example_of_three_texts_gives_two_batches() -> None:
    runner = BatchRunner(MINILM, free_bytes=lambda: AMPLE)
    batches = [list(places) for places, _ in runner.run([100, 90, 10], lambda places, _: places)]
    assert most_rows(100, free_bytes=AMPLE, device=Device.PROCESSOR, footprint=MINILM) == 5
    assert batches == [[0, 1], [2]]
    assert runner.counted.padding == 10
    assert (MINILM.token_bytes, MINILM.pair_bytes) == (21504, 96)
    assert MINILM.batch_bytes(2, 100) == 2 * 100 * (21504 + 96 * 100) == 6_220_800
