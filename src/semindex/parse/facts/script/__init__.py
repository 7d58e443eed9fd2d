r"""The facts of TypeScript, TSX and JavaScript.

A file is read in one walk, which notes *drafts* of expressions: names with the scope in which they stand, and
steps from them. What a name means is settled behind the walk, when all that the file binds is known, since
functions are used before they are declared. Drafts become expressions then.

>>> from semindex.parse.facts.model import unpacked
>>> from semindex.parse.facts.registry import facts_of
>>> from semindex.parse.grammars import parse_tree
>>> text = b"import {Box} from './box'\nexport const open = (box: Box) => box.lid().open()\n"
>>> facts = unpacked(facts_of("typescript", parse_tree("typescript", text), text, "a.ts").packed)
>>> [facts.written(use.expression) for use in facts.uses if use.role == 0]
['instance(import(./box:Box)).lid', 'call(instance(import(./box:Box)).lid).open']
"""

from __future__ import annotations

from tree_sitter import Tree

from semindex.parse.facts.model import Builder
from semindex.parse.facts.script.closing import Closing
from semindex.parse.facts.script.kinds import kinds_of
from semindex.parse.facts.script.statements import Walk


def extract(tree: Tree | None, text: bytes, path: str, made: Builder) -> None:
    """Collect the facts of a file; none without a tree."""
    if tree is None:
        return
    walk = Walk(tree, text, made, kinds_of(tree.language))
    walk.run()
    Closing(walk.sketch).run()
