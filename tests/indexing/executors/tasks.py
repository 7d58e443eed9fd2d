"""What the executors are given to do in tests; worker processes import it."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from semindex.errors import IndexUnwritable, ModelError, WorkerUnfit
from semindex.indexing.cluster.connection import scratch_folder


@dataclass(frozen=True)
class Shop:
    """What a setup opens."""

    folder: Path
    factor: int = 3


def open_shop(folder: Path) -> Shop:
    return Shop(folder)


def multiply(shop: Shop, item: int) -> int:
    return shop.factor * item


def multiply_slowly_when_even(shop: Shop, item: int) -> int:
    if item % 2 == 0:
        time.sleep(0.02)
    return shop.factor * item


def refuse_seven(shop: Shop, item: int) -> int:
    if item == 7:
        raise ValueError("seven is not to be had")
    return shop.factor * item


def find_the_disk_full(shop: Shop, item: int) -> int:
    if item == 5:
        raise IndexUnwritable("no room")
    return item


def fail_to_open() -> Shop:
    raise ModelError("the model is gone")


def stumble_at_opening() -> Shop:
    raise ZeroDivisionError("nobody thought of this")


def leave_at_opening() -> Shop:
    os._exit(3)


def _note(shop: Shop, name: str) -> int:
    """How often the name was noted, this time included."""
    with (shop.folder / name).open("a") as file:
        file.write(f"{os.getpid()}\n")
    return len((shop.folder / name).read_text().splitlines())


def die_once_at_four(shop: Shop, item: int) -> int:
    if _note(shop, str(item)) == 1 and item == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return shop.factor * item


def die_always_at_four(shop: Shop, item: int) -> int:
    _note(shop, str(item))
    if item == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return shop.factor * item


def process_number(shop: Shop, item: int) -> int:
    return os.getpid()


def take_memory(shop: Shop, item: int) -> int:
    block = b"x" * (60_000_000 if item == 1 else 1)
    return len(block)


def threads_of_libraries(shop: Shop, item: int) -> str:
    return os.environ["OMP_NUM_THREADS"] + os.environ["OPENBLAS_NUM_THREADS"]


def print_and_multiply(shop: Shop, item: int) -> int:
    print("a library says hello", file=sys.stdout, flush=True)
    os.write(1, b"a C library too\n")
    return shop.factor * item


def note_and_wait(shop: Shop, item: int) -> int:
    _note(shop, "begun")
    while not (shop.folder / "released").exists():
        time.sleep(0.01)
    return item


def hang_once_at_four(shop: Shop, item: int) -> int:
    if item == 4 and _note(shop, "four") == 1:
        _wait_for_ever()
    return shop.factor * item


def hang_always_at_four(shop: Shop, item: int) -> int:
    if item == 4:
        _note(shop, "four")
        _wait_for_ever()
    return shop.factor * item


def _wait_for_ever() -> None:
    while True:
        time.sleep(1)


def refuse_to_open(shop_folder: Path) -> Shop:
    raise WorkerUnfit("it has another model")


def find_the_workers_disk_full_once(shop: Shop, item: int) -> int:
    if item == 4 and _note(shop, "four") == 1:
        raise WorkerUnfit("it has no room")
    return shop.factor * item


def write_and_die_once(shop: Shop, item: int) -> str:
    """Gives where the file lay that the dead worker wrote; empty for the other items."""
    told = shop.folder / "written"
    if item:
        return ""
    if told.exists():
        return told.read_text()
    scratch = scratch_folder()
    assert scratch is not None
    folder = Path(tempfile.mkdtemp(dir=scratch))
    (folder / "segment").write_bytes(b"half")
    told.write_text(str(folder / "segment"))
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")
