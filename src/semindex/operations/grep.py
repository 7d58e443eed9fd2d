"""Every occurrence of a pattern."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from msgspec import Struct
from msgspec.structs import replace

from semindex.errors import QueryError
from semindex.operations.base import Operation, Request, option
from semindex.operations.search import Scope
from semindex.types import Coverage, FileMatches, GrepPlan, Match, Matches

if TYPE_CHECKING:
    from semindex.config import Settings
    from semindex.exact.asking import Look
    from semindex.exact.choosing import Choosing
    from semindex.exact.found import Line
    from semindex.exact.pattern import Pattern
    from semindex.exact.streaming import Part

MOST_COUNTS = 1000
"""Files of which an answer tells how many lines match."""

Lines = Annotated[int, option("Lines of context before and after each match.", least=0, short="-C")]


class Sought(Request, frozen=True):
    """What is looked for; all else that is asked with it has a name."""

    refused = QueryError

    pattern: Annotated[
        str, option("A regular expression as ripgrep takes it (Rust's syntax).", argument=True)
    ]


class Grep(Sought, frozen=True, kw_only=True):
    """Every line that a pattern matches, in the order of paths."""

    regexp: Annotated[
        Sequence[str], option("Further patterns; one of all has to match.", short="-e", metavar="PATTERN")
    ] = ()
    fixed_strings: Annotated[bool, option("Patterns are texts, in which no character is special.")] = False
    ignore_case: Annotated[bool, option("Case does not count.")] = False
    smart_case: Annotated[bool, option("Case counts only where a pattern has a capital.")] = False
    word_regexp: Annotated[bool, option("Matches are whole words.")] = False
    line_regexp: Annotated[bool, option("Matches are whole lines.")] = False
    multiline: Annotated[bool, option("Matches may span lines.")] = False
    multiline_dotall: Annotated[bool, option("With multiline: a dot matches line ends, too.")] = False
    invert_match: Annotated[bool, option("Find the lines that do not match.")] = False
    glob: Annotated[
        Sequence[str], option("Only files whose paths match; with ! in front, not these.", metavar="GLOB")
    ] = ()
    iglob: Annotated[Sequence[str], option("As glob, whatever the case.", metavar="GLOB")] = ()
    type: Annotated[
        Sequence[str], option("Only files of these types, by ripgrep's names.", metavar="TYPE")
    ] = ()
    type_not: Annotated[Sequence[str], option("No files of these types.", metavar="TYPE")] = ()
    hidden: Annotated[bool, option("Search hidden files and folders, too.")] = False
    no_ignore: Annotated[bool, option("Search files that ignore rules leave out, too.")] = False
    context: Lines = 0
    before_context: Annotated[int, option("Lines of context before each match.", least=0)] = 0
    after_context: Annotated[int, option("Lines of context after each match.", least=0)] = 0
    max_count: Annotated[int, option("At most so many lines of each file; 0 for all.", least=0)] = 0
    limit: Annotated[int, option("At most this many lines in the answer.", least=1, metavar="NUM")] = 100
    offset: Annotated[int, option("Leave out so many lines first.", least=0, metavar="NUM")] = 0
    scope: Scope = ""
    refresh: Annotated[
        bool,
        option(
            "Look for files that are new or changed since they were indexed; else believe the index.",
            unless_off=True,
        ),
    ] = True


class Tree(Struct, frozen=True):
    """A folder to search."""

    root: Path
    chooser: Choosing
    """Of its files."""
    repo: str | None = None
    """The name under which the repository was asked for."""
    scopes: tuple[str, ...] = ("",)
    """The root-relative folders or files to which the question is limited."""


def grep(
    trees: Sequence[Tree], asked: Grep, settings: Settings, notes: Sequence[str] = (), *, started: float
) -> Matches:
    """Every line that a pattern matches; counts by file of all when there are more than ``limit``.

    Raises:
        QueryError: Ripgrep cannot read the pattern, a glob or a type, or there is nothing at ``scope``.
        ProgramMissing: There is no ripgrep.
    """
    from semindex.exact.ripgrep import find_program
    from semindex.exact.streaming import plan_of

    found = _Found(asked)
    program = find_program(settings)
    parts: list[Part] = []
    for tree in _limited(trees, asked.scope):
        own = _parts(tree, asked, program)
        parts += own
        found.search(tree, own, program, masks=not settings.index_secrets)
    plan = plan_of(parts)
    told = [*notes, *(note for part in parts for note in part.selection.notes), *found.notes]
    if plan.unsure == plan.files and plan.files:
        told.append(f"not indexed, so all {plan.files:,} files were read; `semindex index` makes it quicker")
    is_fresh = all(part.selection.freshness == "fresh" for part in parts)
    freshness = "fresh" if is_fresh else "unchecked"
    return found.answer(plan, freshness, tuple(dict.fromkeys(told)), time.perf_counter() - started)


def pattern_of(asked: Grep) -> Pattern:
    """What is looked for."""
    from semindex.exact.pattern import Pattern

    return Pattern(
        patterns=(asked.pattern, *asked.regexp),
        fixed_strings=asked.fixed_strings,
        ignore_case=asked.ignore_case,
        smart_case=asked.smart_case,
        word_regexp=asked.word_regexp,
        line_regexp=asked.line_regexp,
        multiline=asked.multiline,
        multiline_dotall=asked.multiline_dotall,
    )


def _limited(trees: Sequence[Tree], scope: str) -> list[Tree]:
    """The trees in which there is a folder or file, each limited to it; all if none is asked for.

    Raises:
        QueryError: None has it.
    """
    from semindex.exact.scopes import narrowed

    if not scope:
        return list(trees)
    limited = [(tree, narrowed(tree.root, tree.scopes, [scope])) for tree in trees]
    found = [replace(tree, scopes=scopes) for tree, scopes in limited if scopes]
    if not found:
        raise QueryError(f"scope is {scope!r}; it must be a folder or file of what is searched")
    return found


def _parts(tree: Tree, asked: Grep, program: str) -> list[Part]:
    from semindex.exact.files import Wanted
    from semindex.exact.streaming import Part

    parts = []
    for scope in tree.scopes:
        wanted = Wanted(
            scope,
            f"{scope}/" if scope and (tree.root / scope).is_dir() else scope,
            is_file=bool(scope) and not (tree.root / scope).is_dir(),
            hidden=asked.hidden,
            no_ignore=asked.no_ignore,
            glob=tuple(asked.glob),
            iglob=tuple(asked.iglob),
            types=(*((name, True) for name in asked.type), *((name, False) for name in asked.type_not)),
            every=asked.invert_match,
        )
        chosen = tree.chooser.choose(pattern_of(asked), wanted, program, refresh=asked.refresh)
        parts.append(Part(chosen, wanted))
    return parts


class _Found:
    """Collects the lines of several trees."""

    def __init__(self, asked: Grep) -> None:
        self.notes: list[str] = []
        self._asked = asked
        self._matches: list[Match] = []
        self._counts: list[FileMatches] = []

    @property
    def _total(self) -> int:
        return sum(each.lines for each in self._counts)

    def search(self, tree: Tree, parts: Sequence[Part], program: str, *, masks: bool) -> None:
        """Search a tree; once there are enough lines, only count."""
        from semindex.exact.asking import asking
        from semindex.exact.counting import count
        from semindex.exact.found import Enough, Lines
        from semindex.exact.gathering import MOST_FILES
        from semindex.exact.running import run, unread
        from semindex.exact.streaming import settled
        from semindex.exact.veil import Veil

        asked = self._asked
        before = asked.before_context or asked.context
        after = asked.after_context or asked.context
        question = asking(program, os.fsencode(tree.root), pattern_of(asked), self._look(before, after))
        files = settled(parts, question)
        self.notes += unread(files.outcome)
        lines = Lines(
            max(asked.offset - self._total, 0),
            max(asked.offset + asked.limit - max(self._total, asked.offset), 0),
            (before, after),
            lambda path: Veil(tree.root, os.fsdecode(path), masks=masks),
            most_of_file=asked.max_count,
            stops=len(files.files) > MOST_FILES,
        )
        counts = lines.counts
        try:
            self.notes += unread(run(question, files.files, lines.write))
        except Enough:
            counts, outcome = count(question, files.files, self._more(), most_of_file=asked.max_count)
            self.notes += unread(outcome)
        self._matches += [_match(line, tree) for line in lines.found]
        self._counts += [
            FileMatches(os.fsdecode(path), number, str(tree.root), tree.repo)
            for path, number in counts.items()
        ]

    def answer(self, plan: GrepPlan, freshness: str, notes: tuple[str, ...], seconds: float) -> Matches:
        """What was found in all trees."""
        total, end = self._total, self._asked.offset + len(self._matches)
        counts = sorted(self._counts, key=lambda each: (-each.lines, each.path, each.repository))
        return Matches(
            tuple(self._matches),
            tuple(counts[:MOST_COUNTS]),
            total,
            len(counts),
            end if end < total and self._matches else None,
            plan,
            Coverage(plan.files, plan.files - plan.unsure, 0, {}, freshness, notes=notes),
            seconds,
        )

    def _look(self, before: int, after: int) -> Look:
        from semindex.exact.asking import Look

        flags = ["--json", "--no-mmap", *self._more()]
        flags += [f"--before-context={before}", f"--after-context={after}"] if before or after else []
        return Look(tuple(flags), is_json=True)

    def _more(self) -> list[str]:
        asked = self._asked
        flags = ["--invert-match"] if asked.invert_match else []
        # With --json ripgrep 15.2 panics at some matches over several lines when it is to stop early.
        most = asked.max_count if not asked.multiline else 0
        return [*flags, *([f"--max-count={most}"] if most else [])]


def _match(line: Line, tree: Tree) -> Match:
    return Match(
        path=os.fsdecode(line.path),
        line=line.number,
        column=line.ranges[0][0] + 1 if line.ranges else 1,
        text=line.text,
        ranges=line.ranges,
        before=line.before,
        after=line.after,
        repository=str(tree.root),
        repo=tree.repo,
        text_begin=line.text_begin,
        masked=line.masked,
    )


OPERATION = Operation("grep", "grep", Grep, Matches)
