"""How often nothing is found, for what a repository has and for what it has not.

``python -m benchmarks.nonsense --judgements SET --corpora CHECKOUTS [--index-dir DIR]`` asks each judged
repository its own questions, nine that belong to repositories of other languages, and ten about other things
than programs. It prints for each sort how many found nothing: of a repository's own that is a loss.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import semindex

OTHER_THINGS = (
    "quantum entanglement",
    "photosynthesis in plants",
    "recipe for chocolate cake",
    "how tall is the eiffel tower",
    "mitochondria cell membrane",
    "battle of waterloo",
    "symphony orchestra violin",
    "football world cup winner",
    "dinosaur extinction asteroid",
    "wedding invitation etiquette",
)
FOREIGN = 9
"""Questions of other repositories that each is asked."""
OWN, ALIEN, OTHER = "its own questions", "questions of other repositories", "other things"


def questions(
    name: str, languages: dict[str, str], asked: dict[str, list[str]], drawn: random.Random
) -> Iterator[tuple[str, str]]:
    """The sort and the text of each question that a repository is asked."""
    yield from ((OWN, query) for query in asked[name])
    others = sorted(other for other in asked if languages[other] != languages[name])
    yield from ((ALIEN, drawn.choice(asked[other])) for other in drawn.sample(others, FOREIGN))
    yield from ((OTHER, query) for query in OTHER_THINGS)


def main(words: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.nonsense", description=__doc__)
    parser.add_argument("--judgements", type=Path, required=True)
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--index-dir", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(words)
    listed = json.loads((options.judgements / "repos.json").read_text("utf-8"))
    languages = {each["name"]: each["language"] for each in listed}
    asked: dict[str, list[str]] = {}
    for name in languages:
        judged = json.loads((options.judgements / "annotations" / f"{name}.json").read_text("utf-8"))
        asked[name] = [each["query"] for each in judged]
    drawn, all_asked, nothing = random.Random(options.seed), Counter[str](), Counter[str]()
    with TemporaryDirectory(prefix="nonsense-") as temporary:
        for each in listed:
            name = each["name"]
            root = options.corpora / name / (each.get("benchmark_root") or "")
            with semindex.open(root, index_dir=(options.index_dir or Path(temporary)) / name) as index:
                index.refresh()
                for sort, query in questions(name, languages, asked, drawn):
                    all_asked[sort] += 1
                    nothing[sort] += not index.search(query, limit=1)
    print("| | asked | nothing found |\n|---|---|---|")
    for sort in (OWN, ALIEN, OTHER):
        print(f"| {sort} | {all_asked[sort]} | {nothing[sort]} |")


if __name__ == "__main__":
    main()
