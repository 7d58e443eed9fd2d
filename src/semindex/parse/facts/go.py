"""The facts of Go files.

Names that a file does not bind are free: other files' of the same package, or the language's. Methods are
definitions whose ``owner`` is the type of their receiver, because that may stand in another file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache, partial

import numpy as np
from tree_sitter import Node, Tree

from semindex.parse.facts.go_bodies import BODIES, variables
from semindex.parse.facts.go_builds import is_left_out
from semindex.parse.facts.go_names import Names, Visit, numbered
from semindex.parse.facts.go_types import TYPES, define_type, describe_type, signature, type_parameters
from semindex.parse.facts.model import UNKNOWN, Builder, Flag, Form, Op

LEFT_OUT = "//go:build"
"""What a file binds, which no name can be, that an ordinary build leaves out."""
_MAJOR_VERSION = re.compile(r"/v\d+\Z")
_PACKAGE_NAME = re.compile(r"(?:go[-.])?([^\W\d]\w*)(?:\.v\d+|[-.]go)?")
_RECEIVER = re.compile(rb"\(\s*(?:([\w\x80-\xff]+)\s+)?[*(\s]*([\w\x80-\xff]+)\s*(?:\[([^\]]*)\])?")
"""The name of a receiver, its type, and the parameters of that."""
_WORDS = re.compile(rb"[\w\x80-\xff]+")


def extract(tree: Tree | None, text: bytes, path: str, made: Builder) -> None:
    """Collect the facts of a Go file."""
    assert tree is not None
    if is_left_out(text, path):
        made.bind(LEFT_OUT, UNKNOWN)
    file = _File(Names(text, made, _visits()), path)
    file.read(tree.root_node)
    file.place_uses()


@cache
def _visits() -> dict[int, Visit]:
    """What to do with each kind of node, by its number."""
    known = TYPES | BODIES
    return dict(zip(numbered(*known), known.values(), strict=True))


class _File:
    """A file. What it declares is defined first, and looked into afterwards."""

    def __init__(self, names: Names, path: str) -> None:
        self._names = names
        self._text, self._made = names.text, names.made
        self._flags = Flag.TEST if path.endswith("_test.go") else Flag(0)
        self._later: list[tuple[Callable[[Node, int], None], Node, int]] = []
        """What is left to do for each declaration and its definition."""
        self._variables: dict[bytes, int] = {}
        """The definitions of variables and constants, by name."""
        self._repeated = UNKNOWN
        """What a constant without type and value holds: the same as the one before."""

    def read(self, root: Node) -> None:
        """Collect what the file defines, and where it uses what."""
        for node in root.children:
            if node.is_named:
                self._declare(node)
        for look, node, number in self._later:
            self._names.around = number
            entered = self._names.enter()
            try:
                look(node, number)
            except RecursionError:
                self._made.is_cut = True
            self._names.leave(entered)

    def place_uses(self) -> None:
        """Hand the uses over, with their lines and columns."""
        spots = self._names.spots
        ends = np.flatnonzero(np.frombuffer(self._text, dtype=np.uint8) == 10)
        offsets = np.array([spot[0] for spot in spots], dtype=np.int64)
        rows = np.searchsorted(ends, offsets)
        begins = np.concatenate((np.zeros(1, np.int64), ends + 1))[rows]
        places = zip(rows.tolist(), (offsets - begins).tolist(), spots, strict=True)
        for row, column, (_, name, expression, role) in places:
            self._made.use(row + 1, column + 1, name.decode("utf-8", "replace"), expression, role)

    def _declare(self, node: Node) -> None:
        match node.type:
            case "package_clause":
                self._made.package = self._written(node.children[-1])
            case "import_declaration":
                self._import(node)
            case "function_declaration" | "method_declaration":
                self._declare_function(node)
            case "type_declaration":
                self._declare_types(node)
            case "var_declaration" | "const_declaration":
                self._declare_variables(node)
            case "ERROR":
                for child in node.children:
                    if child.is_named:
                        self._declare(child)
            case other if other == "block" or other.endswith("_statement"):
                self._later.append((self._look_into_stray, node, -1))

    def _import(self, node: Node) -> None:
        for spec in _lines(node, "import_spec"):
            parts = [part for part in spec.children if part.is_named and not part.is_extra]
            module = self._written(parts[-1]).strip('"`')
            local = self._written(parts[0]) if len(parts) > 1 else assumed_name(module)
            number = self._made.import_("" if local == "." else local, module, line=spec.start_point.row + 1)
            if local not in (".", "_"):
                self._names.packages.add(local.encode())
                self._names.top[local.encode()] = self._made.node(Op.IMPORT, number)

    def _declare_function(self, node: Node) -> None:
        name = node.child_by_field_name("name")
        if name is None:
            return
        receiver = node.child_by_field_name("receiver")
        found = receiver and _RECEIVER.match(self._text, receiver.start_byte, receiver.end_byte)
        owner = found[2].decode("utf-8", "replace") if found else ""
        number = self._define(name, node, Form.FUNCTION, owner)
        if receiver is None:
            self._bind(name, number)
        self._later.append((self._look_into_function, node, number))

    def _declare_types(self, node: Node) -> None:
        for spec in _lines(node, "type_spec", "type_alias"):
            number = define_type(self._names, spec, self._flags)
            self._bind(spec.children[0], number)
            self._later.append((partial(describe_type, self._names), spec, number))

    def _declare_variables(self, node: Node) -> None:
        for spec in _lines(node, "var_spec", "const_spec"):
            for name in spec.children_by_field_name("name"):
                if name.is_named and self._written(name) != "_":
                    number = self._define(name, spec, Form.VARIABLE)
                    self._variables.setdefault(self._text[name.start_byte : name.end_byte], number)
                    self._bind(name, number)
            self._later.append((self._look_into_variables, spec, -1))

    def _define(self, name: Node, node: Node, form: Form, owner: str = "") -> int:
        written = self._written(name)
        flags = self._flags | (Flag.EXPORTED if written[:1].isupper() else Flag(0))
        line, end_line = name.start_point.row + 1, node.end_point.row + 1
        return self._made.define(written, form, line=line, end_line=end_line, flags=flags, owner=owner)

    def _bind(self, name: Node, number: int) -> None:
        found = self._made.node(Op.DEFINITION, number)
        self._names.top.setdefault(self._text[name.start_byte : name.end_byte], found)

    def _look_into_function(self, node: Node, number: int) -> None:
        names, parts = self._names, node.children
        generic: set[bytes] = set()
        if node.type == "method_declaration":
            generic = self._declare_receiver(parts[1])
            parts = parts[2:]
        for part in parts:
            if part.kind_id == names.kinds.type_parameter_list:
                generic.update(type_parameters(names, part))
        returns = signature(names, parts, declares=True)
        if generic:
            result = node.child_by_field_name("result")
            words = _WORDS.findall(self._text, result.start_byte, result.end_byte) if result else ()
            returns = returns if generic.isdisjoint(words) else UNKNOWN
        self._made.definition(number).returns = returns
        if parts[-1].kind_id == names.kinds.block:
            names.visit_all(parts[-1])

    def _declare_receiver(self, node: Node) -> set[bytes]:
        """Declare a receiver and its type parameters; give the names of these."""
        found = _RECEIVER.match(self._text, node.start_byte, node.end_byte)
        if found is None:
            return set()
        generic = set(_WORDS.findall(found[3] or b""))
        for name in generic:
            self._names.declare(name, UNKNOWN)
        if found[1]:
            self._names.declare(found[1], self._names.instance(self._names.meaning(found[2])))
        return generic

    def _look_into_variables(self, node: Node, _number: int) -> None:
        """Say what variables or constants hold."""
        is_repeated = node.children[-1].kind_id == self._names.kinds.identifier
        for name, value in variables(self._names, node):
            number = self._variables.get(self._text[name.start_byte : name.end_byte])
            if number is not None:
                self._made.definition(number).value = self._repeated if is_repeated else value
            if not is_repeated:
                self._repeated = value

    def _look_into_stray(self, node: Node, _number: int) -> None:
        """A statement outside of functions, as broken code has them."""
        self._names.visit(node)

    def _written(self, node: Node) -> str:
        return self._text[node.start_byte : node.end_byte].decode("utf-8", "replace")


def assumed_name(module: str) -> str:
    """The name that a package most likely has, by the path of its import.

    >>> [assumed_name(path) for path in ("net/http", "gopkg.in/yaml.v3", "example.org/go-toml/v2")]
    ['http', 'yaml', 'toml']
    """
    last = _MAJOR_VERSION.sub("", module).rpartition("/")[2]
    found = _PACKAGE_NAME.fullmatch(last)
    return found[1] if found else last


def _lines(node: Node, *kinds: str) -> Iterator[Node]:
    """The lines of a declaration, with or without parentheses."""
    for child in node.children:
        if child.type in kinds:
            yield child
        elif child.type in ("import_spec_list", "var_spec_list"):
            yield from _lines(child, *kinds)
