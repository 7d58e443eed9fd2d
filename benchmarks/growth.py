"""How building grows with the tree: time, processor time and peak memory of ever larger parts of one.

``python -m benchmarks.growth TREE [--sizes 1000 5000 20000] [--plot FILE.png]`` links whole folders of the
tree, in an order drawn by a seed, until a part has so many files; the last part is the whole tree. ``--plot``
needs matplotlib.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.scale import Bench

SEED = 11


@dataclass(frozen=True)
class Point:
    """One part, built."""

    files: int
    chunks: int
    source_mb: float
    wall_seconds: float
    cpu_seconds: float
    peak_mb: float


def linked(tree: Path, folders: Sequence[Path], target: Path, files: int) -> None:
    """Hard links to the files of some folders, until there are ``files``."""
    count = 0
    for folder in folders:
        place = target / folder.relative_to(tree)
        place.mkdir(parents=True, exist_ok=True)
        for file in sorted(folder.iterdir()):
            if file.is_file() and not file.is_symlink():
                os.link(file, place / file.name)
                count += 1
        if count >= files:
            return


def measure(tree: Path, sizes: Sequence[int], settings: Sequence[str]) -> Iterator[Point]:
    """Build each part, the whole tree last."""
    folders = sorted({Path(folder) for folder, _, files in os.walk(tree) if files} - {tree})
    random.Random(SEED).shuffle(folders)
    for size in (*sizes, 0):
        # Beside the tree: links do not cross file systems.
        scratch = Path(tempfile.mkdtemp(prefix="semindex-growth-", dir=tree.parent))
        try:
            part = tree
            if size:
                part = scratch / "part"
                linked(tree, folders, part, size)
            bench = Bench(
                part, scratch / "index", Path(__file__).parents[1] / "src", settings, scratch=scratch
            )
            cost = bench.command("index")
            report = json.loads(cost.output)
            source_mb = report["source_bytes"] / 1e6
            yield Point(
                report["files"],
                report["chunks"],
                source_mb,
                cost.wall_seconds,
                cost.cpu_seconds,
                cost.peak_bytes / 1e6,
            )
        finally:
            shutil.rmtree(scratch)


def plot(file: Path, points: Sequence[Point]) -> None:
    """Time and memory over the number of files, both axes logarithmic."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.6))
    files = [point.files for point in points]
    left.plot(files, [point.wall_seconds for point in points], "o-", label="wall")
    left.plot(files, [point.cpu_seconds for point in points], "s--", label="processors")
    left.set(xscale="log", yscale="log", xlabel="files", ylabel="seconds", title="time of a build")
    left.legend()
    right.plot(files, [point.peak_mb for point in points], "o-")
    right.set(xscale="log", ylim=(0, None), xlabel="files", ylabel="MB", title="peak memory, all processes")
    for axes in (left, right):
        axes.grid(alpha=0.3, which="both")
    figure.tight_layout()
    figure.savefig(file, dpi=110)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("tree", type=Path)
    parser.add_argument("--sizes", type=int, nargs="*", default=[1000, 5000, 20000])
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="settings")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw a picture")
    arguments = parser.parse_args()
    print("| files | chunks | source, MB | wall, s | processors, s | peak, MB |")
    print("|---|---|---|---|---|---|")
    points = []
    for point in measure(arguments.tree.resolve(), arguments.sizes, arguments.settings):
        points.append(point)
        print(
            f"| {point.files:,} | {point.chunks:,} | {point.source_mb:.1f} | {point.wall_seconds:.1f} | "
            f"{point.cpu_seconds:.1f} | {point.peak_mb:.0f} |",
            flush=True,
        )
    if arguments.plot:
        plot(arguments.plot, points)


if __name__ == "__main__":
    main()
