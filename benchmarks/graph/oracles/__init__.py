"""The oracles, by language."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.graph.oracles import c, go, java, python, rust, script
from benchmarks.graph.oracles.options import Options
from benchmarks.graph.truth import Truth

SUFFIXES = {
    "c": (".c", ".h"),
    "go": (".go",),
    "java": (".java",),
    "python": (".py",),
    "rust": (".rs",),
    **script.SUFFIXES,
}
"""The ends of the file names that count for each language."""
_ORACLES: dict[str, Callable[[Path, Options], Truth]] = {
    "c": c.truth,
    "go": go.truth,
    "java": java.truth,
    "python": python.truth,
    "rust": rust.truth,
    **{language: partial(script.truth, language) for language in script.SUFFIXES},
}


def truth_of(language: str, root: Path, options: Options) -> Truth:
    """Return what the oracle of ``language`` says about the repository in ``root``.

    Raises:
        OracleError: The oracle's program is missing or failed.
    """
    return _ORACLES[language](root, options)
