"""Options of the whole suite: properties that know no clock, and a cache folder that is nobody's."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.patience import patient

# Where Python is told to keep no bytecode, each process that a test starts would compile the whole package.
# What this process imports is compiled for all of them.
sys.dont_write_bytecode = False

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what runs in the background so, and what the tests interrupt would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")  # an example may take long where others keep the machine busy


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden/answers.txt")


def pytest_collection() -> None:
    """Look for no garbage while tests are collected: nearly all that is made stays."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Keep the tests and modules that live until the end out of every collection of garbage from here on."""
    gc.enable()
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def caches_of_the_suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep every test, and what it starts, out of the user's cache folder and list, and off a daemon."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("caches")))
        patch.setenv("SEMINDEX_REPOSITORIES", str(tmp_path_factory.mktemp("list") / "repositories.json"))
        patch.setenv("SEMINDEX_DAEMON", "off")
        yield


@pytest.fixture
def patience() -> Iterator[None]:
    """Searches of this process look for changes, however busy the machine is."""
    with patient():
        yield
