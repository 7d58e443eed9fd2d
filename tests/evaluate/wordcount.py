"""An index for tests that shows what an evaluation asks: ranks files by how many query words they hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from semindex.types import BuildReport, Coverage, GroupBy, Hit, Hits, Query


class WordCount:
    """Hits are whole files, or runs of five lines; ties in order of the path."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def refresh(self) -> BuildReport:
        files = len(self._files())
        return BuildReport(
            files, 0, 0, 0, {}, (), (), 0.5, 0, 1, 0, chunks=files * 2, files=files, generation=1
        )

    def search(self, query: str, /, *, limit: int, group_by: GroupBy) -> Hits:
        wanted = set(query.lower().split())
        found = [
            self._hit(path, start, lines, wanted)
            for path in self._files()
            for start, lines in self._pieces(path, group_by)
        ]
        found = [hit for hit in found if hit.score > 0]
        found.sort(key=lambda hit: (-hit.score, hit.path, hit.start_line))
        return Hits(Query(query, query), tuple(found[:limit]), Coverage(0, 0, 0, {}, "fresh"))

    def _files(self) -> list[str]:
        found = (path for path in self.root.rglob("*") if path.is_file() and ".git" not in path.parts)
        return sorted(path.relative_to(self.root).as_posix() for path in found)

    def _pieces(self, path: str, group_by: GroupBy) -> list[tuple[int, list[str]]]:
        lines = (self.root / path).read_text().split("\n")
        size = 5 if group_by is GroupBy.CHUNK else max(1, len(lines))
        return [(start + 1, lines[start : start + size]) for start in range(0, len(lines), size)]

    def _hit(self, path: str, start: int, lines: list[str], wanted: set[str]) -> Hit:
        text = "\n".join([path, *lines]).lower()
        score = float(sum(text.count(word) for word in wanted))
        end = start + len(lines) - 1
        return Hit(path, start, end, score, None, "block", "text", (), None, (), str(self.root), "", False)


@contextmanager
def open_wordcount(root: Path, index_dir: Path) -> Iterator[WordCount]:
    index_dir.mkdir(parents=True, exist_ok=True)
    (index_dir / "marker").write_text("kept here")
    yield WordCount(root)
