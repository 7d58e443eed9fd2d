"""What the operations on the code graph share: which definitions a name means, and how places are told."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from semindex.errors import QueryError
from semindex.operations.base import Request, option
from semindex.types import Filters, Link, Links, Mask, Meant, Upkept

if TYPE_CHECKING:
    from semindex.graph.edges import Target
    from semindex.graph.naming import Candidate
    from semindex.graph.relations import Place, Relations
    from semindex.graph.walking import Step
    from semindex.snapshot import Snapshot
    from semindex.store.generation import Generation

MAX_CANDIDATES = 20
"""Definitions that are listed where a name may mean several."""
_MOST_NAMED = 3
"""Other definitions of a name that a note tells of."""

Depth = Annotated[int, option("Go on from what was found, so many times in all.", least=1, metavar="NUM")]
Most = Annotated[int, option("Show at most this many places.", least=1, short="-n", metavar="NUM")]
NoTests = Annotated[bool, option("Leave out what stands in tests.")]
Guesses = Annotated[
    bool, option("Also list places of which only the name is known to match (tier name); many are wrong.")
]


Asked = TypeVar("Asked", contravariant=True)


class Linking(Protocol[Asked]):
    """An operation on the code graph."""

    def __call__(
        self,
        snapshot: Snapshot,
        asked: Asked,
        checked: Sequence[Upkept] = (),
        *,
        started: float | None = None,
    ) -> Links:
        """Its answer."""


class OfName(Request, frozen=True):
    """A definition by its name; all else that is asked with it has a name of its own."""

    refused = QueryError

    name: Annotated[
        str,
        option(
            "A definition, by its name, alone or with those around it (Class.method, module.function, "
            "Type::method), or by a place in it (path.py:12).",
            argument=True,
        ),
    ]


class Wanted(Struct, frozen=True):
    """What a name was found to mean."""

    relations: Relations
    repository: int
    targets: tuple[Target, ...]


class Asking:
    """One question to the code graph, from the name that is asked for to the answer."""

    def __init__(
        self,
        what: str,
        snapshot: Snapshot,
        asked: Request,
        checked: Sequence[Upkept],
        started: float | None,
    ) -> None:
        """Prepare to answer; the request's ``scope`` and ``path`` limit the places that are told."""
        from semindex.search.filtering import passing

        self._started = time.perf_counter() if started is None else started
        self._what, self._snapshot, self._checked = what, snapshot, checked
        self._name = " ".join(getattr(asked, field) for field in type(asked).__match_args__)
        scope, paths = getattr(asked, "scope", ""), getattr(asked, "path", ())
        self._filters = Filters(paths=tuple(paths), scope=scope.strip("/"))
        self._generation = snapshot.generation
        self._passes = passing(self._generation, self._filters, snapshot.scopes, snapshot.names).files
        self._every: Mask = passing(self._generation, Filters(), (), snapshot.names).files
        self._reader = snapshot.reader()
        self._lines: dict[int, list[str] | None] = {}
        self._notes: list[str] = []
        self._is_sure = True
        """Whether the definitions that were found are those that the name says."""

    def note(self, text: str) -> None:
        """Have the answer tell something."""
        if text not in self._notes:
            self._notes.append(text)

    def definition(self, name: str, *, or_file: bool = False) -> Wanted | Links:
        """The definition that a name means; an answer instead, where it means none or several.

        Args:
            name: The name, ``path:line``, or the path of a file.
            or_file: Whether a path without a line is taken, for the file.
        """
        from semindex.graph.naming import definitions_at, grouped

        if not name.strip():
            raise QueryError("the name is empty; give the name of a definition, or path:line")
        at = self._place(name)
        if at is not None:
            file, line = at
            if line is None and not or_file:
                raise QueryError(f"{name} is a file; give the name of a definition, or {name}:LINE")
            relations = self.relations(file)
            targets = [] if line is None else definitions_at(relations.corpus, file, line)
            if line is not None and not targets:
                if relations.corpus.unit(file) is None:
                    return self._unfollowed([file])
                self.note(f"no definition that the code graph knows is around {name}")
                return self.answer((), ())
            return self._followed(relations, targets or [_whole(file)])
        groups, unfollowed = grouped(*self._named(name))
        if not groups:
            return self._unfollowed(unfollowed) if unfollowed else self.missed(name)
        chosen = self._chosen(name, groups)
        if chosen is None:
            shown = [self.meant(group[0].target) for group in groups[:MAX_CANDIDATES]]
            if len(groups) > MAX_CANDIDATES:
                self.note(f"{len(groups):,} definitions have that name; shown are {MAX_CANDIDATES}")
            return self.answer((), (), candidates=shown)
        relations = self.relations(chosen[0].target.file)
        return self._followed(relations, [each.target for each in chosen])

    def file(self, name: str) -> Wanted | Links:
        """The file that a path means; an answer instead, where the code graph does not know it.

        Raises:
            QueryError: No indexed file has that path.
        """
        at = self._place(name)
        if at is None or at[1] is not None:
            near = near_files(self._generation, name)
            told = f"; near to it: {', '.join(near)}" if near else ""
            raise QueryError(f"no indexed file has the path {name!r}{told}")
        return self._followed(self.relations(at[0]), [_whole(at[0])])

    def changed(self, revision: str) -> Wanted | Links:
        """The definitions that have changed since a commit, of the first repository.

        Raises:
            QueryError: git does not know the commit, or cannot tell.
        """
        from semindex.graph.changes import changed_since

        relations = self._snapshot.relations()
        found = changed_since(relations.corpus, self._snapshot.roots[0], revision, self._reader.text)
        for note in found.notes:
            self.note(note)
        if not found.targets:
            self.note(f"no definition that the code graph knows has changed since {revision}")
            return self.answer((), ())
        return Wanted(relations, 0, found.targets)

    def always_tells(self, file: int) -> None:
        """Have the places in a file told, whatever limits there are."""
        self._passes = self._passes.copy()
        self._passes[file] = True

    def _followed(self, relations: Relations, targets: Sequence[Target]) -> Wanted | Links:
        from semindex.graph.modules.registry import how_followed

        files = [each.file for each in targets]
        if all(relations.corpus.unit(file) is None for file in files):
            return self._unfollowed(files)
        for language in dict.fromkeys(map(relations.corpus.language, files)):
            told = how_followed(language)
            if told:
                self.note(told)
        if any(unit is not None and unit.facts.is_cut for unit in map(relations.corpus.unit, files)):
            self.note("the file is so large that the code graph has a part of it only")
        repository = self._generation.facts(files[0]).repository
        return Wanted(relations, repository, tuple(targets))

    def _unfollowed(self, files: Collection[int]) -> Links:
        """The answer where what is meant lies in files that the code graph does not know."""
        from semindex.graph.modules.registry import how_followed

        language = self._generation.language(next(iter(files)))
        told = how_followed(language) or f"{self._generation.path(next(iter(files)))} has no code graph"
        self.note(f"{told}; `semindex grep -w NAME` finds every occurrence of a name")
        return self.answer((), ())

    def _named(self, name: str) -> tuple[list[Candidate], list[int]]:
        """The definitions that have a name, and the files of those that the code graph does not know."""
        from semindex.graph.naming import candidate
        from semindex.search.definitions import asked_name, definitions_of

        asked = asked_name(name)
        assert asked is not None
        found = definitions_of(self._generation, asked, self._passes)
        if not found.total:
            found = definitions_of(self._generation, asked, self._every)
        candidates, unfollowed = [], []
        self._is_sure = True
        for note in found.notes:
            self.note(note)
            self._is_sure = False
        for symbol in found.symbols:
            record = self._generation.symbol(symbol)
            corpus = self.relations(record.file).corpus
            one = candidate(corpus, record, asked.dotted)
            if one is None:
                unfollowed.append(record.file)
            else:
                candidates.append(one)
        # A name in another case is meant only where nothing has the very name.
        very = [each for each in candidates if each.qualified.rpartition(".")[2] == asked.last]
        return very or candidates, unfollowed

    def _chosen(self, name: str, groups: Sequence[Sequence[Candidate]]) -> Sequence[Candidate] | None:
        """The one that is meant among definitions of a name; None when that cannot be told."""
        if not self._is_sure:
            return None
        if len(groups) == 1:
            return groups[0]
        whole = [group for group in groups if any(each.is_whole for each in group)]
        first = [group for group in whole or groups if not all(each.is_aside for each in group)]
        if len(first) != 1:
            return None
        others = [self.meant(group[0].target) for group in groups if group is not first[0]]
        named = ", ".join(f"{each.symbol} ({each.path}:{each.line})" for each in others[:_MOST_NAMED])
        more = f" and {len(others) - _MOST_NAMED} more" if len(others) > _MOST_NAMED else ""
        self.note(f"other definitions of {name}: {named}{more}")
        return first[0]

    def _place(self, name: str) -> tuple[int, int | None] | None:
        """The file that a path means, and its line, if one is named."""
        from semindex.search.reading import files_named, wanted_span

        generation, roots = self._generation, self._snapshot.roots
        path, line = name.strip(), None
        if not any(each in path for each in "/.\\") and path not in generation.files_at:
            return None
        _, files = files_named(generation, roots, path)
        if not files:
            wanted = wanted_span(path)
            if wanted.first is None:
                return None
            _, files = files_named(generation, roots, wanted.path)
            line = wanted.first
        if not files:
            return None
        if len(files) > 1:
            self.note(f"{len(files)} repositories have {path}; asked was the first of them")
        return files[0], line

    def relations(self, file: int) -> Relations:
        """The relations of the repository that a file is of."""
        return self._snapshot.relations(self._generation.facts(file).repository)

    def missed(self, name: str) -> Links:
        """The answer where nothing has a name: names near to it."""
        from semindex.operations.symbol import MAX_SUGGESTED, near

        self._snapshot.require_sound()
        names = dict.fromkeys(near(self._snapshot, name, self._filters, self._passes))
        return self.answer((), (), suggestions=tuple(islice(names, MAX_SUGGESTED)))

    def answered(
        self,
        wanted: Wanted,
        steps: Iterable[Step],
        *,
        limit: int,
        no_tests: bool = False,
        is_cut: bool = False,
        in_order: bool = False,
    ) -> Links:
        """The answer that some places are, as far as they are shown."""
        relations = wanted.relations
        kept: list[tuple[bool, Step]] = []
        imported: set[tuple[int, int]] = set()
        for step in steps:
            place = step.place
            if place.role == "import" and self._what != "imports":
                # One line may import several of what was asked for.
                if (place.file, place.line) in imported:
                    continue
                imported.add((place.file, place.line))
            is_test = relations.is_test(place.file, place.around)
            if self._passes[place.file] and not (no_tests and is_test):
                kept.append((is_test, step))
        if not in_order:
            path = self._generation.path
            kept.sort(key=lambda each: (each[0], each[1].distance, path(each[1].place.file), *_at(each[1])))
        links = [self._link(relations, step, is_test=is_test) for is_test, step in kept[:limit]]
        return self.answer(
            [self.meant(each) for each in wanted.targets],
            links,
            total=len(kept),
            at_least=is_cut,
            tests=sum(is_test for is_test, _ in kept),
        )

    def answer(
        self,
        definitions: Sequence[Meant],
        links: Sequence[Link],
        *,
        total: int | None = None,
        at_least: bool = False,
        tests: int = 0,
        candidates: Sequence[Meant] = (),
        suggestions: Sequence[str] = (),
    ) -> Links:
        """The answer, with what is to be told of it."""
        stale = len({(each.repository, each.path) for each in links if each.stale})
        if stale:
            self.note(f"{stale} of the files shown have changed since they were indexed")
        coverage = self._snapshot.coverage(self._checked)
        return Links(
            name=self._name,
            what=self._what,
            definitions=tuple(definitions),
            links=tuple(links),
            total=len(links) if total is None else total,
            at_least=at_least,
            tests=tests,
            candidates=tuple(candidates),
            suggestions=tuple(suggestions),
            coverage=replace(coverage, notes=(*coverage.notes, *self._notes)),
            seconds=time.perf_counter() - self._started,
        )

    def meant(self, target: Target) -> Meant:
        """A definition, or a file as a whole, as it is told."""
        facts = self._generation.facts(target.file)
        unit = self._snapshot.relations(facts.repository).corpus.unit(target.file)
        line, symbol = 1, ""
        if unit is not None and target.number >= 0:
            line, symbol = unit.definition(target.number).line, unit.qualified(target.number)
        return Meant(
            facts.path, line, symbol, facts.language, self._reader.root(facts), self._reader.called(facts)
        )

    def _link(self, relations: Relations, step: Step, *, is_test: bool) -> Link:
        place = step.place
        facts = self._generation.facts(place.file)
        return Link(
            path=facts.path,
            line=place.line,
            column=place.column,
            symbol=_around(relations, place),
            role=place.role,
            name=_written(relations, place),
            tier=step.weakest.value,
            via=place.via.value,
            distance=step.distance,
            test=is_test,
            target=self.meant(place.target) if place.target is not None else None,
            text=self._line(place.file, place.line),
            lang=facts.language,
            repository=self._reader.root(facts),
            stale=self._reader.text(place.file) is None,
            repo=self._reader.called(facts),
        )

    def _line(self, file: int, line: int) -> str | None:
        """A line of a file, with secrets masked; None when the file has changed."""
        if file not in self._lines:
            text = self._reader.text(file)
            shown = None if text is None else self._reader.shown(file, 0, len(text), len(text))[0]
            self._lines[file] = None if shown is None else shown.split("\n")
        lines = self._lines[file]
        return lines[line - 1].strip() if lines is not None and 0 < line <= len(lines) else None


def near_files(generation: Generation, path: str) -> tuple[str, ...]:
    """Paths near to one that no indexed file has."""
    from semindex.search.definitions import near_paths

    return near_paths(generation, path.strip())


def _whole(file: int) -> Target:
    from semindex.graph.edges import Target

    return Target(file, -1)


def _at(step: Step) -> tuple[int, int]:
    return step.place.line, step.place.column


def _around(relations: Relations, place: Place) -> str | None:
    unit = relations.corpus.unit(place.file)
    return unit.qualified(place.around) if unit is not None and place.around >= 0 else None


def _written(relations: Relations, place: Place) -> str:
    """What is named at a place; of what leads out of the index all that is known."""
    unit = relations.corpus.unit(place.file)
    if place.target is not None or unit is None or place.expression < 0 or place.tier.value == "name":
        return place.name
    return unit.facts.written(place.expression)
