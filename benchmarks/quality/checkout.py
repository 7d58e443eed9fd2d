"""Fetch the corpora: ``python -m benchmarks.quality.checkout FOLDER [--judgements SET]``.

Clones every repository of ``repositories.toml`` with its history into ``FOLDER/NAME`` at the commit it
names, and with ``--judgements`` those of a judged set's ``repos.json`` into ``FOLDER/judged/NAME``. What
stands already is left alone. The only part of the measuring that uses the network.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

LISTING = Path(__file__).with_name("repositories.toml")


def repositories() -> list[dict[str, str]]:
    """The listed repositories: name, url, language, commit."""
    found: list[dict[str, str]] = tomllib.loads(LISTING.read_text("utf-8"))["repository"]
    return found


def wanted(folder: Path, judgements: Path | None) -> Iterator[tuple[str, str, Path]]:
    """URL, commit and destination of everything to fetch."""
    for each in repositories():
        yield each["url"], each["commit"], folder / each["name"]
    if judgements is not None:
        for each in json.loads((judgements / "repos.json").read_text("utf-8")):
            yield each["url"], each["revision"], folder / "judged" / each["name"]


def main() -> None:
    """Clone and check out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--judgements", type=Path, help="folder of a judged set")
    options = parser.parse_args()
    for url, commit, target in wanted(options.folder, options.judgements):
        if not target.exists():
            subprocess.run(["git", "clone", "--quiet", "--no-checkout", url, str(target)], check=True)
            subprocess.run(["git", "-C", str(target), "checkout", "--quiet", "--detach", commit], check=True)
        print(target)


if __name__ == "__main__":
    main()
