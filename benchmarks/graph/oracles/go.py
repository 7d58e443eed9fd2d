"""Go, by go/types of the standard library, in a program that ``go run`` builds."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.graph.oracles.lines import sites_by_path
from benchmarks.graph.oracles.options import Options, run
from benchmarks.graph.sources import revision
from benchmarks.graph.truth import Truth

_PROGRAM = Path(__file__).with_name("oracle.go")


def truth(root: Path, options: Options) -> Truth:
    """Return what go/types says about the Go files of ``root`` that its build has on this system.

    Raises:
        OracleError: Go cannot be found, or its program failed.
    """
    program = options.program("go")
    environment = {**os.environ, "GOPROXY": "off", "GOFLAGS": ""}
    printed = run([program, "run", str(_PROGRAM), str(root)], root, environment)
    version = run([program, "env", "GOVERSION"], root, environment).strip()
    return Truth(
        "go", f"go/types of {version}", root.name, revision(root), sites_by_path(printed.splitlines())
    )
