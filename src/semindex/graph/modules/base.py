"""What the code graph has to know of a language, and what holds for most."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from semindex.graph.things import Closure, Sort, Thing, Value, external, joined
from semindex.parse.facts.model import Import, Op

if TYPE_CHECKING:
    from semindex.graph.corpus import Corpus, Unit
    from semindex.graph.evaluating import Evaluator


class Language:
    """A language for one repository. Methods give None where something is not known."""

    call_name = ""
    """The member that is called when an object is."""
    makers: Sequence[str] = ()
    """The members of a class that are called when an object is made."""
    mappings: frozenset[str] = frozenset()
    """External generic types whose elements by key are of the last type argument."""
    calls_values = False
    """Whether a call of a variable counts as one of the function that it holds."""
    aliases_are_called = False
    """Whether a call of a type's other name calls the type."""
    methods_apart = False
    """Whether a class may have a field and several methods of one name, which differ in their parameters."""
    common_members: frozenset[str] = frozenset()
    """Members that every object has from the language."""

    def __init__(self, corpus: Corpus) -> None:
        """Take the corpus; look at nothing yet."""
        self.corpus = corpus

    def module(self, unit: Unit, each: Import) -> Value:
        """The modules that an import of a file names, without the name that it takes from them."""
        return (external(unit.facts.names[each.module]),)

    def free(self, evaluator: Evaluator, unit: Unit, name: str) -> Value:
        """What a name means that nothing in a file binds."""
        return None

    def member(self, evaluator: Evaluator, module: Thing, name: str) -> Value:
        """A member of a module."""
        if module.file >= 0:
            return evaluator.exported(module.file, name)
        return None

    def peers(self, file: int) -> Iterable[int]:
        """The files in which members of a type of this file may stand, itself among them."""
        return (file,)

    def external_member(self, evaluator: Evaluator, thing: Thing, name: str) -> Value:
        """A member of something outside the index."""
        return (external(f"{thing.name}.{name}"),)

    def external_call(self, evaluator: Evaluator, thing: Thing) -> Value:
        """What calling something outside the index gives."""
        return (external(f"{thing.name}()", is_object=True),)

    def call_of(self, evaluator: Evaluator, thing: Thing) -> Value:
        """What calling an object of a class of the index gives."""
        inner = evaluator.member(thing, self.call_name) if self.call_name else None
        return joined([evaluator.called(one) for one in inner]) if inner is not None else None

    def step(self, evaluator: Evaluator, op: Op, thing: Thing, part: int) -> Value:
        """What a step gives that takes something out of a value: awaiting, an element, a part.

        ``part`` is the number of the part for ``PART``.
        """
        if thing.sort is Sort.TUPLE:
            return self._of_tuple(evaluator, op, thing.arguments, part)
        if thing.sort is Sort.EXTERNAL:
            return self._of_external(evaluator, op, thing, part)
        return self.own_step(evaluator, op, thing)

    def own_step(self, evaluator: Evaluator, op: Op, thing: Thing) -> Value:
        """The same of an object of a class of the index."""
        return None

    def _of_tuple(self, evaluator: Evaluator, op: Op, parts: Sequence[Closure], part: int) -> Value:
        if op is Op.PART:
            return evaluator.closure(parts[part]) if part < len(parts) else None
        if op in (Op.ITERATE, Op.ITEM):
            return evaluator.closures(parts)
        return None

    def _of_external(self, evaluator: Evaluator, op: Op, thing: Thing, part: int) -> Value:
        arguments = thing.arguments
        if not arguments:
            # What comes out of something outside the index may be anything.
            return None
        if op is Op.PART:
            return evaluator.closure(arguments[part]) if part < len(arguments) else None
        if op is Op.ITEM and thing.name in self.mappings:
            return evaluator.closure(arguments[-1])
        return evaluator.closure(arguments[0])
