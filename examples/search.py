"""Index a folder and print what answers a question: ``python examples/search.py FOLDER QUESTION``."""

from __future__ import annotations

import sys

import semindex


def main(folder: str, question: str) -> int:
    """Print one line a hit; 0 when something was found, 1 otherwise."""
    with semindex.open(folder) as index:
        report = index.refresh()
        print(f"{report.files} files, {report.chunks} chunks, {report.seconds:.1f} s")
        hits = index.search(question, limit=5)
        for hit in hits:
            print(f"{hit.path}:{hit.start_line}-{hit.end_line}  {hit.symbol or ''}  {hit.score:.0f}")
            for reason in hit.reasons[:2]:
                print(f"    {reason.signal}: {reason.contribution:+.2f}")
    return 0 if hits else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
