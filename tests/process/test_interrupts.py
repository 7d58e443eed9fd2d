"""^C that has to wait."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from semindex.process.interrupts import held_interrupts


@pytest.mark.skipif(os.name == "nt", reason="sends signals as POSIX does")
def test_an_interrupt_takes_effect_when_all_is_done() -> None:
    done = []
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), held_interrupts():
        os.kill(os.getpid(), signal.SIGINT)
        done.append("all")
    assert done == ["all"] and signal.getsignal(signal.SIGINT) is before


@pytest.mark.skipif(os.name == "nt", reason="sends signals as POSIX does")
def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with held_interrupts():
            os.kill(os.getpid(), signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_may_hold_interrupts_too() -> None:
    done: list[str] = []

    def work() -> None:
        with held_interrupts():
            done.append("all")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == ["all"]
