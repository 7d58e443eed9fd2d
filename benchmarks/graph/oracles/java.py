"""Java, by javac, which a program asks through the interface for compiler plug-ins."""

from __future__ import annotations

from pathlib import Path

from benchmarks.graph.oracles.lines import sites_by_path
from benchmarks.graph.oracles.options import Options, run
from benchmarks.graph.sources import revision, tracked
from benchmarks.graph.truth import Truth

_PROGRAM = Path(__file__).with_name("Oracle.java")
_OPEN = "jdk.compiler/com.sun.tools.javac.tree=ALL-UNNAMED"
"""Javac's own trees have the places of names, which its public ones lack."""


def truth(root: Path, options: Options) -> Truth:
    """Return what javac says about the Java files of ``root``, as one program.

    Raises:
        OracleError: Java cannot be found, or its program failed.
    """
    java = options.program("java")
    files = [
        path for path in tracked(root) if path.endswith(".java") and not path.endswith("module-info.java")
    ]
    command = [java, "--add-exports", _OPEN, str(_PROGRAM), str(root), *options.flags]
    printed = run(command, root, given="\0".join(files))
    version = run([java, "--version"], root).split("\n")[0]
    return Truth(
        "java", f"javac of {version}", root.name, revision(root), sites_by_path(printed.splitlines())
    )
