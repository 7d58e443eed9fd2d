"""Follows expressions through the facts of files to what they mean.

Example: ``self.box.open`` in a class ``Shop`` is ``MEMBER(MEMBER(SELF(Shop), box), open)``. ``SELF`` is an
object of ``Shop``; its attribute ``box`` has the type ``INSTANCE(IMPORT(0))``; the import leads to the class
``Box`` in another file, whose member ``open`` is a function: that is meant.

Nothing is guessed. Where one possibility is unknown, the whole is. What leads back to itself adds nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from semindex.graph.corpus import Corpus, Unit
from semindex.graph.modules.base import Language
from semindex.graph.modules.registry import language_of
from semindex.graph.picking import CLASSES as _CLASSES
from semindex.graph.picking import chosen, picked
from semindex.graph.things import Closure, Sort, Thing, Value, external, joined
from semindex.parse.facts.model import UNKNOWN, Flag, Form, Op

MAX_THINGS = 16
"""An expression with more meanings is unknown."""
MAX_DEPTH = 160
"""Expressions nested deeper, through all files, are unknown."""
_TAKEN_OUT = frozenset((Op.AWAIT, Op.ITEM, Op.ITERATE, Op.ENTER, Op.PART))


class Evaluator:
    """Evaluates expressions of one repository, each once."""

    def __init__(self, corpus: Corpus) -> None:
        """Take the corpus."""
        self.corpus = corpus
        self._languages: dict[str, Language] = {}
        self._known: dict[tuple[int, int], Value] = {}
        self._exported: dict[tuple[int, str], Value] = {}
        self._at_work: set[object] = set()
        self._was_cut = False
        """Whether what was just evaluated depended on something that is being evaluated."""

    def language(self, file: int) -> Language:
        """How the language of a file is followed."""
        name = self.corpus.language(file)
        known = self._languages.get(name)
        if known is None:
            known = self._languages[name] = language_of(name, self.corpus)
        return known

    def closure(self, closure: Closure) -> Value:
        """What a closure means."""
        return self.value(closure.file, closure.expression)

    def closures(self, closures: Sequence[Closure]) -> Value:
        """What one of several means."""
        return joined([self.closure(each) for each in closures])

    def value(self, file: int, expression: int) -> Value:
        """What an expression of a file means."""
        if expression == UNKNOWN:
            return None
        key = (file, expression)
        if key in self._known:
            return self._known[key]
        if key in self._at_work:
            self._was_cut = True
            return ()  # what leads back to itself adds nothing
        if len(self._at_work) > MAX_DEPTH:
            self._was_cut = True
            return None
        unit = self.corpus.unit(file)
        if unit is None:
            return None
        self._at_work.add(key)
        before, self._was_cut = self._was_cut, False
        try:
            found = self._evaluated(unit, expression)
        finally:
            self._at_work.discard(key)
        if found is not None and len(found) > MAX_THINGS:
            found = None
        # What a cycle has cut short may be known when it is asked by itself.
        if not self._was_cut or not self._at_work:
            self._known[key] = found
        self._was_cut = before or (self._was_cut and bool(self._at_work))
        return found

    def _evaluated(self, unit: Unit, expression: int) -> Value:
        op, a, b = unit.facts.node(expression)
        if op == Op.DEFINITION:
            return (Thing(Sort.DEFINITION, unit.file, a),)
        if op == Op.IMPORT:
            return self.imported(unit, a)
        if op == Op.FREE:
            name = unit.facts.names[a]
            return self.language(unit.file).free(self, unit, name) if name else None
        if op in (Op.SELF, Op.SUPER):
            own = Thing(Sort.DEFINITION, unit.file, a, is_object=True)
            return (own,) if op == Op.SELF else (own._replace(name="super"),)
        if op == Op.OWNED:
            return self.owned(unit.file, unit.facts.names[a], unit.facts.names[b])
        if op == Op.MODULE:
            return (Thing(Sort.MODULE, unit.file),)
        if op == Op.PICK:
            return picked(self, unit, a, b - 1)
        if op == Op.WITHIN:
            return picked(self, unit, expression, None)
        if op == Op.UNION:
            return joined([self.value(unit.file, a), self.value(unit.file, b)])
        if op == Op.TUPLE:
            return (Thing(Sort.TUPLE, unit.file, arguments=tuple(self._parts(unit, expression))),)
        found = self.value(unit.file, a)
        if found is None:
            return None
        return joined([self._step(unit, Op(op), thing, b) for thing in found])

    def _parts(self, unit: Unit, expression: int) -> Iterator[Closure]:
        op, before, last = unit.facts.node(expression)
        if before >= 0 and op == Op.TUPLE:
            yield from self._parts(unit, before)
        yield Closure(unit.file, last)

    def _step(self, unit: Unit, op: Op, thing: Thing, b: int) -> Value:
        if op is Op.MEMBER:
            return self.member(thing, unit.facts.names[b])
        if op is Op.CALL:
            return self.called(thing)
        if op is Op.INSTANCE:
            return self.object_of(thing)
        if op is Op.APPLY:
            return (thing._replace(arguments=(*thing.arguments, Closure(unit.file, b))),)
        return self.language(unit.file).step(self, op, thing, b)

    def imported(self, unit: Unit, number: int) -> Value:
        """What an import brings."""
        each = unit.imported(number)
        language = self.language(unit.file)
        modules = language.module(unit, each)
        if modules is None or each.name < 0:
            return modules
        name = unit.facts.names[each.name]
        return joined([self._of_module(language, module, name) for module in modules])

    def _of_module(self, language: Language, module: Thing, name: str) -> Value:
        if module.sort is Sort.EXTERNAL:
            return language.external_member(self, module, name)
        return language.member(self, module, name)

    def exported(self, file: int, name: str) -> Value:
        """What a file offers under a name."""
        key = (file, name)
        if key in self._exported:
            return self._exported[key]
        if key in self._at_work:
            self._was_cut = True
            return ()
        self._at_work.add(key)
        try:
            found = self._offered(file, name)
        finally:
            self._at_work.discard(key)
        if not self._at_work:
            self._exported[key] = found
        return found

    def _offered(self, file: int, name: str) -> Value:
        unit = self.corpus.unit(file)
        if unit is None:
            return None
        if name in unit.bindings:
            return self.value(file, unit.bindings[name])
        numbers = unit.by_parent.get(-1, {}).get(name)
        if numbers:
            return tuple(Thing(Sort.DEFINITION, file, number) for number in self.implementing(unit, numbers))
        numbers = unit.imports.get(name)
        if numbers:
            return joined([self.imported(unit, number) for number in numbers])
        return self.taken_whole(unit, name)

    def taken_whole(self, unit: Unit, name: str) -> Value:
        """What an import of everything brings under a name; external if it may come from outside only."""
        outside = False
        language = self.language(unit.file)
        for number in reversed(unit.imports.get("", ())):
            for module in language.module(unit, unit.imported(number)) or ():
                if module.sort is Sort.EXTERNAL:
                    outside = True
                    continue
                found = language.member(self, module, name)
                if found is not None:
                    return found
        return (external(name),) if outside else None

    @staticmethod
    def implementing(unit: Unit, numbers: Sequence[int]) -> list[int]:
        """Of definitions with one name those with a body; all, where none has."""
        whole = [each for each in numbers if not unit.definition(each).flags & Flag.DECLARATION]
        return whole or list(numbers)

    def owned(self, file: int, owner: str, name: str) -> Value:
        """The members with a name of a type, given by its name, in the files that share its package."""
        found: list[Thing] = []
        for peer in self.language(file).peers(file):
            unit = self.corpus.unit(peer)
            numbers = unit.owned.get(owner, {}).get(name, ()) if unit is not None else ()
            found += [Thing(Sort.DEFINITION, peer, number) for number in numbers]
        return tuple(found) or None

    def member(self, thing: Thing, name: str) -> Value:
        """A member of a thing, as it is when it is taken from it: properties and variables are read."""
        found = self.raw_member(thing, name)
        if found is None or thing.sort is not Sort.DEFINITION:
            return found
        return self.bound(found, thing)

    def raw_member(self, thing: Thing, name: str, arity: int | None = None) -> Value:
        """A member of a thing, as it was defined.

        Where it is called with ``arity`` arguments, one that can be; -1 for an unknown number.
        """
        if thing.sort is Sort.MODULE:
            file = thing.file if thing.file >= 0 else -1
            language = self.language(file) if file >= 0 else self._of_folder(thing)
            return language.member(self, thing, name)
        if thing.sort is Sort.EXTERNAL:
            return self._outside(thing).external_member(self, thing, name)
        if thing.sort is Sort.TUPLE:
            return (external(f"tuple.{name}"),)
        unit = self.corpus.unit(thing.file)
        if unit is None:
            return None
        each = unit.definition(thing.number)
        if each.form not in _CLASSES:
            if each.form == Form.MODULE:
                return self._inside(unit, thing.number, name)
            if each.form == Form.FUNCTION:
                return self._attached(unit, thing.number, name)
            return self._through_value(thing, lambda inner: self.raw_member(inner, name, arity))
        skipped = thing.name == "super"
        return self.in_class(thing._replace(name=""), name, set(), skips_own=skipped, arity=arity)

    def _of_folder(self, thing: Thing) -> Language:
        if thing.number >= 0:
            return self.language(thing.number)
        files = self.corpus.folders.get(thing.name, ())
        return self.language(files[0]) if files else Language(self.corpus)

    def _outside(self, thing: Thing) -> Language:
        # An external thing keeps the file whose language it was met in.
        return self.language(thing.file) if thing.file >= 0 else self._any_language()

    def _any_language(self) -> Language:
        return next(iter(self._languages.values()), Language(self.corpus))

    def _inside(self, unit: Unit, number: int, name: str) -> Value:
        """A definition directly in another."""
        numbers = unit.by_parent.get(number, {}).get(name)
        if not numbers:
            attribute = unit.attributes(number).get(name)
            return self.value(unit.file, attribute) if attribute is not None else None
        return tuple(Thing(Sort.DEFINITION, unit.file, each) for each in self.implementing(unit, numbers))

    def _attached(self, unit: Unit, number: int, name: str) -> Value:
        """A member that a function was given, as ``f.g = h`` does; not what is local to it."""
        local = unit.by_parent.get(number, {}).get(name, ())
        if any(unit.definition(each).flags & Flag.LOCAL for each in local):
            return None
        return self._inside(unit, number, name)

    def _through_value(self, thing: Thing, then: object) -> Value:
        """What follows from what a variable holds, or from what a type is another name for."""
        unit = self.corpus.unit(thing.file)
        each = unit.definition(thing.number) if unit is not None else None
        if each is None or each.form not in (Form.VARIABLE, Form.TYPE) or each.value == UNKNOWN:
            return None
        assert callable(then)
        value = self.value(thing.file, each.value)
        return joined([then(inner) for inner in value]) if value is not None else None

    def in_class(
        self,
        thing: Thing,
        name: str,
        met: set[tuple[int, int]],
        *,
        skips_own: bool = False,
        arity: int | None = None,
    ) -> Value:
        """A member of a class or of one of its bases, the nearest first; external if it must be outside."""
        key = (thing.file, thing.number)
        unit = self.corpus.unit(thing.file)
        if key in met or unit is None:
            return None
        met.add(key)
        if not skips_own:
            own = self._own_member(unit, thing.number, name, arity)
            if own is not _ABSENT:
                return own  # type: ignore[return-value]  # the sentinel aside
        outside = False
        for base in self.bases(thing):
            if base is None:
                return None
            if base.sort is Sort.EXTERNAL:
                outside = True
                continue
            found = (
                self.in_class(base, name, met, arity=arity)
                if base.sort is Sort.DEFINITION
                else self.raw_member(base, name, arity)
            )
            if found is not None and not all(each.sort is Sort.EXTERNAL for each in found):
                return found
            outside = outside or found is not None
        outside = outside or name in self.language(thing.file).common_members
        return (external(name)._replace(file=thing.file),) if outside else None

    def _own_member(self, unit: Unit, number: int, name: str, arity: int | None) -> object:
        numbers = chosen(self, unit, unit.by_parent.get(number, {}).get(name, ()), arity)
        attributes = unit.attributes(number)
        if numbers:
            return tuple(Thing(Sort.DEFINITION, unit.file, each) for each in numbers)
        if name in attributes:
            return self.value(unit.file, attributes[name])
        owned = self.owned(unit.file, unit.name(number), name)
        return _ABSENT if owned is None else owned

    def bases(self, thing: Thing) -> Iterator[Thing | None]:
        """The bases of a class in their order; None for one that is unknown."""
        unit = self.corpus.unit(thing.file)
        for expression in unit.definition(thing.number).bases if unit is not None else ():
            value = self.value(thing.file, expression)
            if value is None:
                yield None
                continue
            for base in value:
                resolved = (
                    self._through_value(base, lambda inner: (inner,)) if self._is_alias(base) else (base,)
                )
                yield from resolved or (None,)

    def _is_alias(self, thing: Thing) -> bool:
        if thing.sort is not Sort.DEFINITION:
            return False
        unit = self.corpus.unit(thing.file)
        return unit is not None and unit.definition(thing.number).form in (Form.VARIABLE, Form.TYPE)

    def bound(self, found: tuple[Thing, ...], receiver: Thing) -> Value:
        """Members as they are when they are taken from an object: properties are read."""
        values: list[Value] = []
        for each in found:
            unit = (
                self.corpus.unit(each.file) if each.sort is Sort.DEFINITION and not each.is_object else None
            )
            definition = unit.definition(each.number) if unit is not None else None
            if definition is None or definition.form not in (Form.FUNCTION, Form.VARIABLE):
                values.append((each,))
            elif definition.form == Form.VARIABLE:
                values.append(self.value(each.file, definition.value))
            elif definition.flags & Flag.PROPERTY and receiver.is_object:
                values.append(self.called(each._replace(receiver=receiver)))
            else:
                values.append((each._replace(receiver=receiver._replace(receiver=None)),))
        return joined(values)

    def object_of(self, thing: Thing) -> Value:
        """An object of a type."""
        if thing.sort is Sort.EXTERNAL:
            # What a value such as a type variable stands for is not known.
            return None if thing.is_object else (thing._replace(is_object=True),)
        if thing.sort is not Sort.DEFINITION or thing.is_object:
            return (thing,) if thing.sort is Sort.TUPLE else None
        unit = self.corpus.unit(thing.file)
        form = unit.definition(thing.number).form if unit is not None else Form.FUNCTION
        if form in _CLASSES:
            return (thing._replace(is_object=True),)
        return self._through_value(thing, self.object_of)

    def called(self, thing: Thing) -> Value:
        """What calling a thing gives."""
        if thing.sort is Sort.EXTERNAL:
            return self._outside(thing).external_call(self, thing)
        if thing.sort is not Sort.DEFINITION:
            return None
        unit = self.corpus.unit(thing.file)
        if unit is None:
            return None
        each = unit.definition(thing.number)
        if thing.is_object:
            return self.language(thing.file).call_of(self, thing)
        if each.form in _CLASSES:
            return (thing._replace(is_object=True),)
        if each.form != Form.FUNCTION:
            return self._through_value(thing, self.called)
        return self._returned(unit, thing)

    def _returned(self, unit: Unit, thing: Thing) -> Value:
        each = unit.definition(thing.number)
        if each.returns == UNKNOWN and not each.flags & (Flag.ASYNC | Flag.GENERATOR | Flag.CONTEXT):
            return None
        inner = (Closure(thing.file, each.returns),)
        for flag, name in _WRAPPERS:
            if each.flags & flag:
                return (Thing(Sort.EXTERNAL, thing.file, -1, name, is_object=True, arguments=inner),)
        op, _, _ = unit.facts.node(each.returns)
        if op == Op.SELF and thing.receiver is not None and thing.receiver.sort is Sort.DEFINITION:
            return (thing.receiver._replace(is_object=True),)
        return self.value(thing.file, each.returns)


_ABSENT = object()
_WRAPPERS = (
    (Flag.CONTEXT, "ContextManager"),
    (Flag.GENERATOR, "Iterator"),
    (Flag.ASYNC, "Awaitable"),
)
"""What a call gives whose definition has a flag: an object with one type argument."""
