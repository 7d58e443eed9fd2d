"""Is the answer of exact search ripgrep's, always? And what does the index spare?

``python -m benchmarks.exact TREE...`` draws patterns of many sorts from each tree, with ``--seed``, asks
``semindex grep`` and ``rg`` for each as new processes, over the same files, and compares exit codes, messages
and all that they print. It prints a table with a row a sort: how many answers are equal, how many files have
a match and how many semindex had read for them, and how long ripgrep took, as a multiple of semindex (the
median, and what nine in ten reach). Both run in every question, in alternating order. Exit code 1 and the
first 20 differences when anything is unequal.

``--in-process`` asks ``semindex.open(TREE).grep`` instead, which gives lines and counts. ``--edit`` copies
the tree, indexes the copy, and changes, adds and removes 300 files before it asks, and some more right before
every fifth question, without a refresh.
``--while-building`` asks while another process builds the index, again and again; with ``--edit``, while it
brings it up to date. A tree is only read, and its index is temporary unless ``--index-dir`` names a folder;
one that is there already is used as it is.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import msgspec
from msgspec.structs import replace

import semindex
from benchmarks.bytecode import compiled
from benchmarks.exact_asking import Outcome, Program, Tree, compare, started
from benchmarks.exact_edits import EDITS, Edits
from benchmarks.exact_inside import compare_inside
from benchmarks.exact_patterns import Lines, Question, draw
from semindex import config
from semindex.config import Settings
from semindex.exact.ripgrep import find_program
from semindex.store.catalog import Catalog
from semindex.store.soundness import open_listed

MOST_SHOWN = 20
"""Differences that are printed."""
SHARE_AFTER_EDITS = 0.2
"""Of the questions about edited files, those right before which some more are edited."""
_FEW = 6
_WARM = 2
"""Questions that are asked once more before time counts."""


class Builds:
    """Has another process build an index again and again; ``prepare`` gives each build something to do."""

    def __init__(
        self, command: Sequence[str], environment: dict[str, str], prepare: Callable[[], None]
    ) -> None:
        self.number = 0
        self._command, self._environment, self._prepare = command, environment, prepare
        self._process: subprocess.Popen[bytes] | None = None

    def goes_on(self) -> bool:
        """Whether the build that was last started goes on."""
        return self._process is not None and self._process.poll() is None

    def ensure(self) -> None:
        """Start a build unless one goes on.

        Raises:
            SystemExit: The last one failed.
        """
        if self.goes_on():
            return
        if self._process is not None and self._process.returncode:
            raise SystemExit(f"{' '.join(self._command)} failed with exit code {self._process.returncode}")
        self._prepare()
        self.number += 1
        self._process = subprocess.Popen(
            self._command, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def close(self) -> None:
        """Wait for the last build."""
        if self._process is not None:
            self._process.wait()


def ask(
    tree: Tree,
    questions: Sequence[Question],
    semindex_program: Program,
    *,
    index: semindex.Index | None = None,
    before: Callable[[], None] = lambda: None,
    plans: bool = True,
) -> Iterator[Outcome]:
    """The outcome of each question; of an open ``index``, of those that it can be asked."""
    for number, question in enumerate([*questions[:_WARM], *questions]):
        before()
        if index is None:
            outcome = compare(tree, question, semindex_program, rg_first=number % 2 == 1, plans=plans)
        else:
            inside = compare_inside(tree, question, index, rg_first=number % 2 == 1)
            if inside is None:
                continue
            outcome = inside
        if number >= _WARM:
            yield outcome


def table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """A row a sort, and one of all."""
    yield "| | patterns | equal | unequal | ripgrep differs | files matching / read | rg / semindex | p10 |"
    yield "|---|---|---|---|---|---|---|---|"
    sorts = sorted({each.question.sort for each in outcomes})
    for name in (*sorts, "all"):
        some = [each for each in outcomes if name in (each.question.sort, "all")]
        unequal = sum(bool(each.difference) for each in some)
        alone = sum(each.rg_differs for each in some)
        files, read = (sum(getattr(each, field) for each in some) for field in ("files", "searched"))
        times = sorted(each.rg_seconds / each.seconds for each in some if each.seconds)
        middle, low = (statistics.median(times), times[len(times) // 10]) if times else (0.0, 0.0)
        shown = f"{len(some) - unequal - alone} | {unequal} | {alone} | {files:,} / {read:,}"
        yield f"| {name} | {len(some)} | {shown} | {middle:.2f} | {low:.2f} |"


def sizes(tree: Tree) -> str:
    """What the trigrams and the whole index take, if there is one, beside the source."""
    source = sum(ref.size_bytes for ref in tree.refs)
    told = f"{len(tree.refs):,} files, source {source / 1e6:.1f} MB"
    if not (tree.index_dir / "catalog.db").exists():
        return told
    grams = 0
    with Catalog.open_reader(tree.index_dir) as catalog:
        for record in catalog.live().segments:
            with closing(open_listed(tree.index_dir, record)) as segment:
                names = [name for name in segment.names if name.startswith("gram.")]
                grams += sum(segment.section(name).nbytes for name in names)
    whole = sum(path.stat().st_size for path in tree.index_dir.rglob("*") if path.is_file())
    shares = f"trigrams {grams / 1e6:.1f} MB ({grams / source:.1%} of the source), index {whole / 1e6:.1f} MB"
    return f"{told}, {shares} ({whole / source:.1%})"


@contextmanager
def _placed(root: Path, options: argparse.Namespace) -> Iterator[tuple[Path, Path, Path]]:
    """The tree to search, the folder of its index, and a scratch folder."""
    with tempfile.TemporaryDirectory(prefix="exact-") as name:
        scratch = Path(name).resolve()
        if options.edit:
            copy = scratch / root.name
            shutil.copytree(root, copy, symlinks=True)
            root = copy
        yield root, (options.index_dir or scratch / "index").resolve(), scratch


def run(root: Path, options: argparse.Namespace) -> list[Outcome]:
    """Ask everything of one tree, and print what was found."""
    with _placed(root.resolve(), options) as (tree_root, index_dir, scratch):
        environment = compiled(scratch / "bytecode")
        environment |= {"SEMINDEX_DAEMON": "off", "SEMINDEX_RIPGREP": options.rg}
        own = started("semindex", [options.semindex], environment)
        build = ["index", str(tree_root), "--index-dir", str(index_dir)]
        if not options.while_building or options.edit:
            _build(build, own, tree_root, index_dir)
        tree = Tree(tree_root, index_dir, scratch / "rules", options.rg)
        print(f"{root.name}: {sizes(tree)}")
        edits = Edits(tree_root, tree.paths, options.chance) if options.edit else None
        builds = Builds([options.semindex, *build], environment, lambda: _prepare(tree, edits))
        with closing(builds), ExitStack() as stack:
            index = stack.enter_context(_opened(tree, options)) if options.in_process else None
            if options.while_building:
                builds.ensure()
            elif edits is not None:
                _edit(tree, edits, EDITS)
            questions = _drawn(tree, edits, options)

            def before() -> None:
                if options.while_building:
                    builds.ensure()
                elif edits is not None and options.chance.random() < SHARE_AFTER_EDITS:
                    _edit(tree, edits, _FEW)

            outcomes = list(ask(tree, questions, own, index=index, before=before))
        if options.while_building:
            print(f"asked during {builds.number} builds")
    print("\n".join(table(outcomes)), end="\n\n")
    return outcomes


def _prepare(tree: Tree, edits: Edits | None) -> None:
    """Give a build something to do."""
    if edits is not None:
        _edit(tree, edits, EDITS)
    else:
        shutil.rmtree(tree.index_dir, ignore_errors=True)


def _edit(tree: Tree, edits: Edits, number: int) -> None:
    edits.make(number)
    tree.is_stale = True


def _opened(tree: Tree, options: argparse.Namespace) -> semindex.Index:
    settings = replace(config.load(tree.root).settings, ripgrep=options.rg)
    return semindex.open(tree.root, index_dir=tree.index_dir, settings=settings)


def _build(words: Sequence[str], own: Program, root: Path, index_dir: Path) -> None:
    if (index_dir / "catalog.db").exists():
        return
    built = own(words, root)
    if built.code:
        raise SystemExit(f"the index could not be built: {built.told.decode('utf-8', 'replace')}")
    print(f"{root.name}: indexed in {built.seconds:.1f} s")


def _drawn(tree: Tree, edits: Edits | None, options: argparse.Namespace) -> list[Question]:
    """Questions of any files, and half of them of those that were edited."""
    tree.look()
    chance, number = options.chance, options.patterns
    questions = draw(Lines(tree.root, tree.paths, chance), number)
    there = set(tree.paths)
    touched = [path for path in edits.touched if path in there] if edits is not None else []
    if touched:
        questions[::2] = draw(Lines(tree.root, touched, chance), len(questions[::2]))
    return questions


def main(words: Sequence[str] | None = None) -> int:
    """Print the tables and the differences; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exact", description=__doc__)
    parser.add_argument("trees", nargs="+", type=Path, metavar="TREE")
    parser.add_argument("--patterns", type=int, default=500, help="questions for each tree")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rg", help="ripgrep's program, for both; else the one that semindex finds")
    parser.add_argument("--semindex", default=str(Path(sys.executable).parent / "semindex"))
    parser.add_argument("--index-dir", type=Path, help="of the only tree")
    parser.add_argument("--edit", action="store_true")
    parser.add_argument("--while-building", action="store_true")
    parser.add_argument("--in-process", action="store_true")
    parser.add_argument("--details", type=Path, help="a JSON line a question")
    options = parser.parse_args(words)
    if options.index_dir and (len(options.trees) > 1 or options.edit or options.while_building):
        parser.error("--index-dir is for one tree, and neither for --edit nor for --while-building")
    options.rg = options.rg or find_program(Settings())
    began = time.perf_counter()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}")
    outcomes: list[Outcome] = []
    for root in options.trees:
        options.chance = random.Random(f"{options.seed}:{root.resolve().name}")
        outcomes += run(root, options)
    if len(options.trees) > 1:
        print("\n".join(table(outcomes)), end="\n\n")
    if options.details:
        rows = (json.dumps(msgspec.to_builtins(each)) + "\n" for each in outcomes)
        options.details.write_text("".join(rows), "utf-8")
    unequal = [each for each in outcomes if each.difference]
    for each in unequal[:MOST_SHOWN]:
        print(f"[{each.question.sort}] {each.question.words}\n{each.difference}\n")
    print(f"{len(outcomes)} questions, {len(unequal)} unequal, {time.perf_counter() - began:.0f} s")
    return 1 if unequal else 0


if __name__ == "__main__":
    sys.exit(main())
