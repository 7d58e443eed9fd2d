"""``python -m benchmarks.graph truth|score|run|map``: call edges against a type checker's answer.

``truth --language LANG REPO --out FILE`` asks the language's oracle, which has to be installed (README.md
of this folder tells how), and writes its answer. ``score --language LANG --calls FILE --truth FILE`` compares
what ``semindex graph calls REPO`` printed with it. ``run --language LANG REPO...`` does both for each
repository; ``--truths DIR`` keeps the truths as ``DIR/LANG-NAME.json`` and takes those that are there.

``map REPO...`` times the map of each repository in a process that has just opened its index, and compares
what two such processes print.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from benchmarks.graph.mapping import mapping_table, timed_map
from benchmarks.graph.oracles import SUFFIXES, truth_of
from benchmarks.graph.oracles.options import Options, OracleError
from benchmarks.graph.report import as_json, table, write_details
from benchmarks.graph.scip import ScipError
from benchmarks.graph.score import Score, read_calls, score
from benchmarks.graph.sources import revision
from benchmarks.graph.truth import Truth, Verdict, read_truth, write_truth


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0, or 2 with a message if something is missing or wrong."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], None] = options.command
    try:
        command(options)
    except (OracleError, OSError, ScipError, msgspec.MsgspecError) as error:
        sys.stderr.write(f"benchmarks.graph: {error}\n")
        return 2
    return 0


def _truth(options: argparse.Namespace) -> None:
    found = truth_of(options.language, options.repository.resolve(), _oracle_options(options))
    write_truth(found, options.out)
    print(_summary(found))


def _score(options: argparse.Namespace) -> None:
    truth = read_truth(options.truth)
    if truth.language != options.language:
        raise OracleError(f"{options.truth} is the truth about {truth.language}, not {options.language}.")
    _print([score(read_calls(options.calls), truth, SUFFIXES[options.language])], options)


def _run(options: argparse.Namespace) -> None:
    scores = []
    for repository in options.repositories:
        root = repository.resolve()
        truth = _kept_truth(root, options)
        with TemporaryDirectory() as folder:
            calls = Path(folder) / "calls"
            _write_calls(root, calls)
            scores.append(score(read_calls(calls), truth, SUFFIXES[options.language]))
    _print(scores, options)


def _map(options: argparse.Namespace) -> None:
    print(mapping_table([timed_map(each.resolve()) for each in options.repositories]), end="")


def _kept_truth(root: Path, options: argparse.Namespace) -> Truth:
    kept = options.truths and options.truths / f"{options.language}-{root.name}.json"
    if kept and kept.exists():
        return _of_revision(read_truth(kept), kept, root)
    truth = truth_of(options.language, root, _oracle_options(options))
    if kept:
        write_truth(truth, kept)
    return truth


def _of_revision(truth: Truth, kept: Path, root: Path) -> Truth:
    if truth.revision != revision(root):
        raise OracleError(
            f"{kept} is about revision {truth.revision or 'none'} of {truth.repository}, but {root} is at "
            f"{revision(root) or 'none'}. Check that revision out, or delete the file."
        )
    return truth


def _write_calls(root: Path, calls: Path) -> None:
    command = [sys.executable, "-m", "semindex", "graph", "calls", str(root)]
    with calls.open("wb") as file:
        done = subprocess.run(command, stdout=file, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, 1):
        raise OracleError(f"semindex graph calls {root} failed:\n{done.stderr.strip()}")


def _print(scores: list[Score], options: argparse.Namespace) -> None:
    if options.details:
        write_details(scores, options.details)
    if options.json:
        for each in scores:
            print(as_json(each).decode())
    else:
        print(table(scores), end="")


def _summary(truth: Truth) -> str:
    calls = [site for sites in truth.files.values() for site in sites if site.call]
    counts = ", ".join(f"{sum(site.verdict is verdict for site in calls)} {verdict}" for verdict in Verdict)
    return f"{truth.repository}: {len(truth.files)} files, {len(calls)} calls ({counts}), by {truth.oracle}"


def _oracle_options(options: argparse.Namespace) -> Options:
    environment = options.environment and options.environment.absolute()
    return Options(options.tool, environment, options.index, tuple(options.flag))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.graph", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="truth|score|run|map")
    truth = commands.add_parser("truth", help="write the oracle's answer about a repository")
    truth.add_argument("repository", type=Path)
    truth.add_argument("--out", type=Path, required=True)
    truth.set_defaults(command=_truth)
    scored = commands.add_parser("score", help="compare printed calls with a truth")
    scored.add_argument("--calls", type=Path, required=True)
    scored.add_argument("--truth", type=Path, required=True)
    scored.set_defaults(command=_score)
    ran = commands.add_parser("run", help="run semindex over repositories and compare its calls")
    ran.add_argument("repositories", type=Path, nargs="+")
    ran.add_argument("--truths", type=Path, help="a folder that keeps truths as LANGUAGE-NAME.json")
    ran.set_defaults(command=_run)
    mapped = commands.add_parser("map", help="time the map of repositories")
    mapped.add_argument("repositories", type=Path, nargs="+")
    mapped.set_defaults(command=_map)
    for command in (truth, scored, ran):
        command.add_argument("--language", choices=sorted(SUFFIXES), required=True)
    for command in (truth, ran):
        command.add_argument("--tool", type=Path, help="the oracle's program, if not on the path")
        command.add_argument("--environment", type=Path, help="Python: a virtual environment")
        command.add_argument("--index", type=Path, help="Python: a SCIP index")
        command.add_argument("--flag", action="append", default=[], help="for the oracle: README.md")
    for command in (scored, ran):
        command.add_argument("--details", type=Path, help="a file for each wrong and missed edge")
        command.add_argument("--json", action="store_true", help="print a JSON object a repository")
    return parser


if __name__ == "__main__":
    sys.exit(main())
