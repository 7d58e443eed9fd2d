"""One writer: the second is told who the first is."""

from __future__ import annotations

import multiprocessing
import sys
import threading
from pathlib import Path

import pytest

from semindex.errors import IndexLocked, IndexUnwritable
from semindex.store.lock import HOLDER, write_lock

from .dying_writer import hold_lock


def test_the_lock_can_be_taken_again_when_it_is_given_back(tmp_path: Path) -> None:
    for _ in range(2):
        with write_lock(tmp_path):
            assert (tmp_path / HOLDER).exists()
        assert not (tmp_path / HOLDER).exists()


def test_an_error_in_the_body_gives_the_lock_back(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), write_lock(tmp_path):
        _ = 1 // 0
    with write_lock(tmp_path):
        pass


@pytest.mark.parametrize("wait_seconds", [0.0, 0.2])
def test_a_second_writer_in_the_same_process_is_locked_out(tmp_path: Path, wait_seconds: float) -> None:
    with (
        write_lock(tmp_path),
        pytest.raises(IndexLocked, match="Another thread of this process is writing"),
        write_lock(tmp_path, wait_seconds=wait_seconds),
    ):
        pass


def test_a_waiting_writer_gets_the_lock_when_it_is_given_back(tmp_path: Path) -> None:
    entered = threading.Event()

    def wait() -> None:
        with write_lock(tmp_path, wait_seconds=30):
            entered.set()

    waiting = threading.Thread(target=wait)
    with write_lock(tmp_path):
        waiting.start()
        assert not entered.is_set()
    waiting.join()
    assert entered.is_set()


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_the_lock_of_another_process_holds_until_it_dies(tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    told, telling = context.Pipe(duplex=False)
    child = context.Process(target=hold_lock, args=(tmp_path, telling))
    child.start()
    pid = told.recv()
    try:
        with pytest.raises(IndexLocked, match=rf"Process {pid} on .* is writing"), write_lock(tmp_path):
            pass
    finally:
        child.kill()
        child.join()
        told.close()
        telling.close()
    assert (tmp_path / HOLDER).exists()
    with write_lock(tmp_path):
        pass


@pytest.mark.parametrize("left", [b"", b"{", b"[]", b'{"pid": "x", "host": 1}', b'{"pid": null}', b"\xff"])
def test_a_spoiled_note_of_the_holder_spoils_only_the_message(tmp_path: Path, left: bytes) -> None:
    with write_lock(tmp_path):
        (tmp_path / HOLDER).write_bytes(left)
        with pytest.raises(IndexLocked, match="Another process is writing"), write_lock(tmp_path):
            pass


def test_a_place_that_cannot_be_a_folder_cannot_be_locked(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(IndexUnwritable, match="Cannot write"), write_lock(tmp_path / "file" / "i"):
        pass
