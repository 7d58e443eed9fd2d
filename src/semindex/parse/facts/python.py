"""The facts of Python files.

What is followed: scopes with shadowing, imports wherever they stand, what variables, attributes of ``self``
and parameters hold by assignment or annotation, and what functions return by annotation or by all of their
``return`` statements. A parameter without an annotation is unknown, and so is a function's result behind a
decorator that is not known to keep it.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable

from tree_sitter import Node, Tree

from semindex.parse.facts.annotations import Annotation
from semindex.parse.facts.model import UNKNOWN, Builder, Flag, Form, Op, Role
from semindex.parse.facts.scopes import Scope

MAX_DEPTH = 150
"""Code nested deeper is passed over."""
MAX_RETURNS = 6
_KEEPING = frozenset(
    """staticmethod classmethod property cached_property abstractmethod final override overload wraps cache
    lru_cache contextmanager asynccontextmanager abstractproperty setter getter deleter fixture singledispatch
    total_ordering deprecated""".split()
)
"""Decorators, by their last names, whose result gives what the function gives, or as flags say."""
_PROPERTIES = frozenset(("property", "cached_property", "abstractproperty"))
_CONTEXTS = frozenset(("contextmanager", "asynccontextmanager"))
_ACCESSORS = frozenset(("setter", "getter", "deleter"))
_CLASS_METHODS = frozenset(("__new__", "__init_subclass__", "__class_getitem__"))
_CONTAINERS = {
    "list": "list",
    "list_comprehension": "list",
    "set": "set",
    "set_comprehension": "set",
    "generator_expression": "Iterator",
    "dictionary": "dict",
    "dictionary_comprehension": "dict",
}
_LITERALS = {"integer": "int", "float": "float", "true": "bool", "false": "bool"}
_LEAVES = ("comment", "ellipsis", "pass_statement", "break_statement", "continue_statement")
_YIELD = re.compile(rb"\byield\b")


def extract(tree: Tree, text: bytes, path: str, made: Builder) -> None:
    """Collect the facts of a Python file."""
    _Python(text, made).run(tree.root_node)


class _Python:
    def __init__(self, text: bytes, made: Builder) -> None:
        self._text, self._made = text, made
        self._none = made.node(Op.INSTANCE, made.free("None"))
        self._literals = {
            kind: made.node(Op.INSTANCE, made.free(name)) for kind, name in _LITERALS.items()
        } | dict.fromkeys(_LEAVES, UNKNOWN)
        self._literals["none"] = self._none
        self._text_value = made.node(Op.INSTANCE, made.free("str"))
        self._depth = 0
        self._waiting: deque[Callable[[], None]] = deque()
        """Bodies of functions, which see all that the scopes around them bind."""
        self._is_declared: set[tuple[int, str]] = set()
        """Attributes with an annotation, which outranks what is assigned."""
        self._attributes: dict[tuple[int, str], tuple[int, list[int]]] = {}
        """By class and name: the definition, and what is assigned."""
        self._returned: dict[int, list[int]] = {}

    def run(self, root: Node) -> None:
        """Collect everything."""
        scope = Scope(None)
        self._block(root, scope)
        while self._waiting:
            self._waiting.popleft()()
        for number, found in self._returned.items():
            definition = self._made.definition(number)
            if definition.returns == UNKNOWN and len(found) <= MAX_RETURNS:
                definition.returns = self._either(found)
        for (_, _), (number, values) in self._attributes.items():
            self._made.definition(number).value = self._either(values)
        self._bind_file(scope)

    def _bind_file(self, scope: Scope) -> None:
        """Note what the file binds in other ways than by one definition or one import."""
        for name in scope.names:
            bound = [expression for _, expression in scope.bound(name)]
            if len(bound) == 1 and self._made.op_of(bound[0]) in (Op.DEFINITION, Op.IMPORT):
                continue
            kinds = {self._made.op_of(each) for each in bound}
            if Op.DEFINITION in kinds and Op.IMPORT not in kinds:
                continue  # variants of one name; what is assigned to it besides is still called by it
            self._made.bind(name, self._either(bound))

    def _slice(self, node: Node | None) -> str:
        return self._text[node.start_byte : node.end_byte].decode("utf-8", "replace") if node else ""

    def _either(self, found: list[int]) -> int:
        some = [each for each in found if each != self._none]
        return self._made.union(some) if some else (self._none if found else UNKNOWN)

    def _block(self, node: Node, scope: Scope) -> None:
        """The statements in a node."""
        if self._depth > MAX_DEPTH:
            return
        self._depth += 1
        for child in node.named_children:
            self._statement(child, scope)
        self._depth -= 1

    def _statement(self, node: Node, scope: Scope) -> None:
        handler = _STATEMENTS.get(node.type)
        if handler is not None:
            handler(self, node, scope)
        elif node.type in _BLOCKS:
            self._block(node, scope)
        else:
            self._value(node, scope)

    # Statements.

    def _expression_statement(self, node: Node, scope: Scope) -> None:
        for child in node.named_children:
            if child.type == "assignment":
                self._assignment(child, scope)
            elif child.type == "augmented_assignment":
                for part in child.named_children:
                    self._value(part, scope)
            else:
                self._value(child, scope)

    def _assignment(self, node: Node, scope: Scope) -> int:
        right, kind = node.child_by_field_name("right"), node.child_by_field_name("type")
        value = UNKNOWN
        if right is not None:
            inner = right.type == "assignment"
            value = self._assignment(right, scope) if inner else self._value(right, scope)
        left = node.child_by_field_name("left")
        declared = kind is not None
        if kind is not None and scope.is_class and left is not None and left.type == "identifier":
            # What is declared may be defined further down.
            self._waiting.append(lambda: self._declare(left, kind, scope))
        elif kind is not None:
            annotated = self._annotation(kind, scope)
            value = annotated if annotated >= 0 else value
        if left is not None:
            self._assign(left, value, scope, declared=declared)
        return value

    def _declare(self, left: Node, kind: Node, scope: Scope) -> None:
        value = self._annotation(kind, scope)
        self._hold(scope.definition, self._slice(left), value, left, declared=value >= 0)

    def _assign(self, left: Node, value: int, scope: Scope, *, declared: bool = False) -> None:
        """Let what is written on the left hold a value."""
        kind = left.type
        if kind == "identifier":
            self._assign_name(left, value, scope, declared=declared)
        elif kind == "attribute":
            self._assign_attribute(left, value, scope, declared=declared)
        elif kind in ("pattern_list", "tuple_pattern", "list_pattern", "tuple", "list", "expression_list"):
            parts = left.named_children
            starred = any(each.type == "list_splat_pattern" for each in parts)
            for number, part in enumerate(parts):
                known = UNKNOWN if starred else self._made.node(Op.PART, value, number)
                self._assign(part, known, scope)
        elif kind in ("list_splat_pattern", "parenthesized_expression", "as_pattern_target"):
            for part in left.named_children:
                self._assign(part, UNKNOWN if kind == "list_splat_pattern" else value, scope)
        else:
            self._value(left, scope)

    def _assign_name(self, node: Node, value: int, scope: Scope, *, declared: bool) -> None:
        name = self._slice(node)
        if scope.is_class:
            self._hold(scope.definition, name, value, node, declared=declared)
        elif scope.outer is None and not scope.bound(name):
            number = self._made.define(
                name, Form.VARIABLE, line=node.start_point.row + 1, end_line=node.end_point.row + 1
            )
            self._attributes[-1, name] = number, []
        if scope.outer is None and (-1, name) in self._attributes:
            self._attributes[-1, name][1].append(value)
        scope.bind(name, node.end_byte, value)

    def _assign_attribute(self, left: Node, value: int, scope: Scope, *, declared: bool) -> None:
        base = left.child_by_field_name("object")
        name = left.child_by_field_name("attribute")
        if base is None or name is None:
            return
        whole = self._value(base, scope)
        if (
            base.type == "identifier"
            and scope.owner >= 0
            and self._made.op_of(whole) in (Op.SELF, Op.DEFINITION)
        ):
            own = self._made.node(Op.SELF, scope.owner), self._made.node(Op.DEFINITION, scope.owner)
            if whole in own:
                self._hold(scope.owner, self._slice(name), value, name, declared=declared)

    def _hold(self, owner: int, name: str, value: int, node: Node, *, declared: bool) -> None:
        """Let the objects of a class hold a value under a name."""
        if owner < 0:
            return
        key = owner, name
        if key not in self._attributes:
            line = node.start_point.row + 1
            number = self._made.define(
                name, Form.VARIABLE, line=line, end_line=node.end_point.row + 1, parent=owner
            )
            self._attributes[key] = number, []
        if declared:
            self._is_declared.add(key)
            self._attributes[key][1][:] = [value]
        elif key not in self._is_declared:
            self._attributes[key][1].append(value)

    def _import(self, node: Node, scope: Scope) -> None:
        line, inside = node.start_point.row + 1, scope.definition if scope.outer is not None else -1
        for child in node.children_by_field_name("name"):
            name = child.child_by_field_name("name") if child.type == "aliased_import" else child
            alias = child.child_by_field_name("alias")
            module = self._slice(name)
            local = self._slice(alias) or module.partition(".")[0]
            taken = module if alias is not None else local
            number = self._made.import_(local, taken, line=line, scope=inside)
            expression = self._made.node(Op.IMPORT, number)
            scope.bind(local, child.end_byte, expression)
            if taken != module:
                # ``import a.b`` also loads ``a.b``, which an edge of the graph should know.
                self._made.import_(" " + module, module, line=line, scope=inside)

    def _import_from(self, node: Node, scope: Scope) -> None:
        module = node.child_by_field_name("module_name")
        text = self._slice(module).replace(" ", "")
        level = len(text) - len(text.lstrip("."))
        line, inside = node.start_point.row + 1, scope.definition if scope.outer is not None else -1
        for child in node.children_by_field_name("name"):
            name = child.child_by_field_name("name") if child.type == "aliased_import" else child
            alias = child.child_by_field_name("alias")
            taken = self._slice(name)
            local = self._slice(alias) or taken
            number = self._made.import_(local, text[level:], taken, level=level, line=line, scope=inside)
            scope.bind(local, child.end_byte, self._made.node(Op.IMPORT, number))
        if any(child.type == "wildcard_import" for child in node.named_children):
            self._made.import_("", text[level:], level=level, line=line, scope=inside)

    def _elsewhere(self, node: Node, scope: Scope) -> None:
        is_global = node.type == "global_statement"
        for child in node.named_children:
            name = self._slice(child)
            if is_global:
                scope.elsewhere[name] = scope.file
            elif scope.outer is not None:
                scope.elsewhere[name] = scope.outer

    def _return(self, node: Node, scope: Scope) -> None:
        value = self._none
        for child in node.named_children:
            value = self._value(child, scope)
        if scope.definition in self._returned:
            self._returned[scope.definition].append(value)

    def _for(self, node: Node, scope: Scope) -> None:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        whole = self._value(right, scope) if right is not None else UNKNOWN
        if left is not None:
            self._assign(left, self._made.node(Op.ITERATE, whole), scope)
        for name in ("body", "alternative"):
            part = node.child_by_field_name(name)
            if part is not None:
                self._block(part, scope)

    def _with_item(self, node: Node, scope: Scope) -> None:
        value = node.child_by_field_name("value")
        if value is None:
            return
        if value.type != "as_pattern":
            self._value(value, scope)
            return
        parts = value.named_children
        entered = self._made.node(Op.ENTER, self._value(parts[0], scope)) if parts else UNKNOWN
        for target in parts[1:]:
            self._assign(target, entered, scope)

    def _except(self, node: Node, scope: Scope) -> None:
        for child in node.named_children:
            if child.type == "as_pattern":
                parts = child.named_children
                caught = self._caught(parts[0], scope) if parts else UNKNOWN
                for target in parts[1:]:
                    self._assign(target, caught, scope)
            elif child.type == "block":
                self._block(child, scope)
            else:
                self._value(child, scope)

    def _caught(self, node: Node, scope: Scope) -> int:
        if node.type in ("tuple", "parenthesized_expression"):
            found = [self._made.node(Op.INSTANCE, self._value(each, scope)) for each in node.named_children]
            return self._either(found)
        return self._made.node(Op.INSTANCE, self._value(node, scope))

    def _case(self, node: Node, scope: Scope) -> None:
        for child in node.named_children:
            if child.type == "block":
                self._block(child, scope)
            elif child.type == "case_pattern":
                self._pattern(child, scope)
            else:
                self._value(child, scope)

    def _pattern(self, node: Node, scope: Scope) -> None:
        """Bind the names of a pattern, and note the classes that it names."""
        if self._depth > MAX_DEPTH:
            return
        self._depth += 1
        for child in node.named_children:
            if child.type == "class_pattern":
                names = child.named_children
                if names and names[0].type == "dotted_name" and len(names[0].named_children) == 1:
                    self._read(names[0].named_children[0], scope)
                for each in names[1:]:
                    self._pattern(each, scope)
            elif (
                child.type == "dotted_name" and len(child.named_children) == 1
            ) or child.type == "identifier":
                scope.bind(self._slice(child), child.end_byte, UNKNOWN)
            else:
                self._pattern(child, scope)
        self._depth -= 1

    def _type_alias(self, node: Node, scope: Scope) -> None:
        parts = node.named_children
        if len(parts) == 2:
            value = self._annotation(parts[1], scope)
            name = parts[0]
            if name.named_children and name.named_children[0].type == "identifier":
                number = self._made.define(
                    self._slice(name),
                    Form.TYPE,
                    line=name.start_point.row + 1,
                    end_line=node.end_point.row + 1,
                )
                self._made.definition(number).value = value
                scope.bind(self._slice(name), name.end_byte, self._made.node(Op.DEFINITION, number))

    # Definitions.

    def _decorated(self, node: Node, scope: Scope) -> None:
        names = []
        for child in node.named_children:
            if child.type == "decorator":
                inner = child.named_children[0] if child.named_children else None
                if inner is not None:
                    self._value(inner, scope, role=Role.DECORATOR)
                    called = inner.child_by_field_name("function") if inner.type == "call" else inner
                    names.append(self._slice(called).rpartition(".")[2])
        inner = node.child_by_field_name("definition")
        if inner is not None:
            define = self._class if inner.type == "class_definition" else self._function
            define(inner, scope, names)

    def _class(self, node: Node, scope: Scope, decorators: list[str] | None = None) -> None:
        name = node.child_by_field_name("name")
        body = node.child_by_field_name("body")
        if name is None:
            return
        bases = node.child_by_field_name("superclasses")
        found = []
        for base in bases.named_children if bases is not None else ():
            if base.type == "keyword_argument":
                value = base.child_by_field_name("value")
                if value is not None:
                    self._value(value, scope)
            else:
                found.append(self._value(base, scope, role=Role.BASE))
        number = self._define(node, name, Form.CLASS, scope)
        self._made.definition(number).bases = tuple(found)
        scope.bind(self._slice(name), name.end_byte, self._made.node(Op.DEFINITION, number))
        if body is not None:
            self._block(body, Scope(scope, definition=number, owner=number, is_class=True))

    def _define(self, node: Node, name: Node, form: Form, scope: Scope, flags: int = 0) -> int:
        is_local = scope.outer is not None and not scope.is_class
        text = self._slice(name)
        is_private = text.startswith("_") and not text.endswith("__")
        flags |= (Flag.LOCAL if is_local else 0) | (Flag.PRIVATE if is_private else 0)
        return self._made.define(
            text,
            form,
            line=name.start_point.row + 1,
            end_line=node.end_point.row + 1,
            parent=scope.definition,
            flags=flags,
        )

    def _function(self, node: Node, scope: Scope, decorators: list[str] | None = None) -> None:
        name = node.child_by_field_name("name")
        if name is None:
            return
        names = decorators or []
        given = frozenset(names)
        flags = Flag.ASYNC if node.children[0].type == "async" else Flag(0)
        flags |= Flag.STATIC if "staticmethod" in given else Flag(0)
        flags |= Flag.PROPERTY if given & _PROPERTIES else Flag(0)
        flags |= Flag.DECLARATION if "overload" in given or given & _ACCESSORS else Flag(0)
        flags |= Flag.CONTEXT if given & _CONTEXTS else Flag(0)
        number = self._define(node, name, Form.FUNCTION, scope, flags)
        text = self._slice(name)
        if not given & _ACCESSORS:
            scope.bind(text, name.end_byte, self._made.node(Op.DEFINITION, number))
        owner = scope.definition if scope.is_class else -1
        inner = Scope(scope, definition=number, owner=owner if owner >= 0 else scope.owner)
        self._defaults(node, scope)
        receiver = UNKNOWN
        if owner >= 0 and "staticmethod" not in given:
            of_class = "classmethod" in given or text in _CLASS_METHODS
            receiver = self._made.node(Op.DEFINITION if of_class else Op.SELF, owner)
        keeps = given <= _KEEPING
        self._waiting.append(lambda: self._body(node, number, (inner, scope), receiver, keeps=keeps))

    def _body(
        self, node: Node, number: int, scopes: tuple[Scope, Scope], receiver: int, *, keeps: bool
    ) -> None:
        """The parameters, the result and the statements of a function; all names of the file are known."""
        inner, scope = scopes
        self._parameters(node, inner, scope, receiver)
        self._result(node, number, scope, keeps=keeps)
        body = node.child_by_field_name("body")
        if body is not None:
            self._block(body, inner)

    def _defaults(self, node: Node, scope: Scope) -> None:
        parameters = node.child_by_field_name("parameters")
        for each in parameters.named_children if parameters is not None else ():
            default = each.child_by_field_name("value")
            if default is not None:
                self._value(default, scope)

    def _parameters(self, node: Node, inner: Scope, scope: Scope, receiver: int) -> None:
        """Bind the parameters of a function."""
        parameters = node.child_by_field_name("parameters")
        first = True
        for each in parameters.named_children if parameters is not None else ():
            kind, value = each.type, UNKNOWN
            name: Node | None = each
            if kind in ("default_parameter", "typed_default_parameter"):
                name = each.child_by_field_name("name")
            annotation = each.child_by_field_name("type")
            if kind == "typed_parameter":
                name = each.named_children[0]
            if annotation is not None:
                value = self._annotation(annotation, scope)
            if name is not None and name.type in ("list_splat_pattern", "dictionary_splat_pattern"):
                container = "tuple" if name.type == "list_splat_pattern" else "dict"
                name = name.named_children[0] if name.named_children else None
                value = self._container(container, [value])
            if name is None or name.type != "identifier":
                first = first and kind in ("comment",)
                continue
            if first and receiver >= 0:
                value = receiver
            first = False
            inner.bind(self._slice(name), inner_start(node), value)

    def _result(self, node: Node, number: int, scope: Scope, *, keeps: bool) -> None:
        """What calling a function gives, if it says so; else its ``return`` statements will."""
        annotation = node.child_by_field_name("return_type")
        definition = self._made.definition(number)
        value = self._annotation(annotation, scope) if annotation is not None else UNKNOWN
        if annotation is not None and scope.is_class and self._slice(annotation) == self._type_of_self(node):
            value = self._made.node(Op.SELF, scope.owner)
        if not keeps:
            return
        body = node.child_by_field_name("body")
        yields = body is not None and _YIELD.search(self._text, body.start_byte, body.end_byte) is not None
        if definition.flags & Flag.CONTEXT:
            definition.returns = self._made.node(Op.ITERATE, value)
            definition.flags &= ~Flag.ASYNC
        elif annotation is not None:
            definition.returns = value
            if yields:
                definition.flags &= ~Flag.ASYNC  # what it gives is an asynchronous iterator as it is
        elif not yields:
            self._returned[number] = []

    def _type_of_self(self, node: Node) -> str:
        """The annotation of the first parameter; a type variable there stands for the class of the object."""
        parameters = node.child_by_field_name("parameters")
        first = parameters.named_children[0] if parameters is not None and parameters.named_children else None
        return self._slice(first.child_by_field_name("type")) if first is not None else ""

    def _annotation(self, node: Node, scope: Scope) -> int:
        """The expression of a value that has an annotated type."""
        row, column = node.start_point.row, node.start_point.column
        text = self._slice(node)

        def note(name: str, at: int, expression: int) -> int:
            if "\n" not in text and text.isascii() and self._is_global(expression):
                self._made.use(row + 1, column + at + 1, name, expression, Role.TYPE)
            return expression

        def look_up(name: str, at: int) -> int:
            found = scope.look_up(name, len(self._text), self._either)
            return note(name, at, self._made.free(name) if found is None else found)

        def member(base: int, name: str, at: int) -> int:
            return note(name, at, self._made.member(base, name))

        own = self._made.node(Op.SELF, scope.owner) if scope.owner >= 0 else UNKNOWN
        return Annotation(self._made, text, look_up, member, self._none, own).value()

    # Expressions.

    def _value(self, node: Node, scope: Scope, role: Role | None = None) -> int:
        """The expression of a node; all calls in it are noted. ``role`` is that of its last name."""
        kind = node.type
        if kind == "identifier":
            return self._read(node, scope, role)
        literal = self._literals.get(kind)
        if literal is not None:
            return literal
        if self._depth > MAX_DEPTH:
            return UNKNOWN
        self._depth += 1
        if kind == "attribute":
            found = self._attribute(node, scope, role)
        else:
            handler = _EXPRESSIONS.get(kind)
            found = handler(self, node, scope) if handler is not None else self._parts(node, scope)
        self._depth -= 1
        return found

    def _string(self, node: Node, scope: Scope) -> int:
        for child in node.named_children:
            if child.type in ("interpolation", "string"):
                self._value(child, scope)
        return self._text_value

    def _parts(self, node: Node, scope: Scope) -> int:
        """Look for calls in a node of which nothing else is known."""
        for child in node.named_children:
            self._value(child, scope)
        return UNKNOWN

    def _read(self, node: Node, scope: Scope, role: Role | None = None) -> int:
        name = self._slice(node)
        found = scope.look_up(name, node.start_byte, self._either)
        expression = self._made.free(name) if found is None else found
        if role is not Role.CALL:
            self._note(node, name, expression, role)
        return expression

    def _note(self, node: Node, name: str, expression: int, role: Role | None) -> None:
        if role is not None or self._is_global(expression):
            point = node.start_point
            self._made.use(
                point.row + 1, point.column + 1, name, expression, Role.READ if role is None else role
            )

    def _is_global(self, expression: int) -> bool:
        """Whether an expression names a definition, an import or what that has, not what an object holds."""
        op = self._made.op_of(expression)
        if op is Op.MEMBER:
            return self._made.op_of(self._made.first_of(expression)) is Op.IMPORT
        return op in _NOTED

    def _attribute(self, node: Node, scope: Scope, role: Role | None = None) -> int:
        base, name = node.child_by_field_name("object"), node.child_by_field_name("attribute")
        if base is None or name is None:
            return self._parts(node, scope)
        text = self._slice(name)
        whole = self._value(base, scope)
        if text == "__class__" and self._made.op_of(whole) is Op.SELF:
            expression = self._made.node(Op.DEFINITION, scope.owner)
        else:
            expression = self._made.member(whole, text)
        if role is not Role.CALL:
            self._note(name, text, expression, role)
        return expression

    def _call(self, node: Node, scope: Scope) -> int:
        function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
        if function is None:
            return self._parts(node, scope)
        name = self._slice(function) if function.type == "identifier" else ""
        if name == "super" and scope.owner >= 0:
            self._arguments(arguments, scope)
            return self._made.node(Op.SUPER, scope.owner)
        callee = self._value(function, scope, role=Role.CALL)
        self._note_call(function, callee)
        given = self._arguments(arguments, scope)
        if name == "cast" and len(given) == 2 and arguments is not None:
            kinds = [each for each in arguments.named_children if each.type != "comment"]
            return self._annotation(kinds[0], scope)
        if name == "type" and len(given) == 1 and self._made.op_of(given[0]) is Op.SELF:
            return self._made.node(Op.DEFINITION, scope.owner)
        return self._made.node(Op.CALL, callee)

    def _note_call(self, function: Node, callee: int) -> None:
        last = function.child_by_field_name("attribute") if function.type == "attribute" else function
        if last is None or last.type != "identifier":
            return
        point = last.start_point
        self._made.use(point.row + 1, point.column + 1, self._slice(last), callee, Role.CALL)

    def _arguments(self, node: Node | None, scope: Scope) -> list[int]:
        if node is None:
            return []
        if node.type == "generator_expression":
            return [self._value(node, scope)]
        return [self._value(each, scope) for each in node.named_children if each.type != "comment"]

    def _keyword(self, node: Node, scope: Scope) -> int:
        value = node.child_by_field_name("value")
        return self._value(value, scope) if value is not None else UNKNOWN

    def _inner(self, node: Node, scope: Scope) -> int:
        found = [self._value(each, scope) for each in node.named_children if each.type != "comment"]
        return found[0] if len(found) == 1 else UNKNOWN

    def _await(self, node: Node, scope: Scope) -> int:
        return self._made.node(Op.AWAIT, self._inner(node, scope))

    def _subscript(self, node: Node, scope: Scope) -> int:
        value = node.child_by_field_name("value")
        whole = self._value(value, scope) if value is not None else UNKNOWN
        keys = node.children_by_field_name("subscript")
        for key in keys:
            self._value(key, scope)
        if len(keys) == 1 and keys[0].type == "slice":
            return whole
        return self._made.node(Op.ITEM, whole)

    def _conditional(self, node: Node, scope: Scope) -> int:
        parts = [self._value(each, scope) for each in node.named_children if each.type != "comment"]
        return self._either([parts[0], parts[2]]) if len(parts) == 3 else UNKNOWN

    def _boolean(self, node: Node, scope: Scope) -> int:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        first = self._value(left, scope) if left is not None else UNKNOWN
        second = self._value(right, scope) if right is not None else UNKNOWN
        return self._either([first, second])

    def _named(self, node: Node, scope: Scope) -> int:
        name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
        found = self._value(value, scope) if value is not None else UNKNOWN
        if name is not None:
            self._assign(name, found, scope)
        return found

    def _tuple(self, node: Node, scope: Scope) -> int:
        parts = [each for each in node.named_children if each.type != "comment"]
        found = [self._value(each, scope) for each in parts]
        if not found or any(each.type == "list_splat" for each in parts):
            return UNKNOWN
        return self._made.tuple_of(found)

    def _collection(self, node: Node, scope: Scope) -> int:
        parts = [each for each in node.named_children if each.type != "comment"]
        found = [self._value(each, scope) for each in parts]
        if not found or any(each.type in ("list_splat", "dictionary_splat") for each in parts):
            return self._container(_CONTAINERS[node.type], [])
        return self._container(_CONTAINERS[node.type], [self._either(found)])

    def _dictionary(self, node: Node, scope: Scope) -> int:
        values = []
        for pair in node.named_children:
            if pair.type == "pair":
                key, value = pair.child_by_field_name("key"), pair.child_by_field_name("value")
                if key is not None:
                    self._value(key, scope)
                values.append(self._value(value, scope) if value is not None else UNKNOWN)
            else:
                self._value(pair, scope)
                values.append(UNKNOWN)
        return self._container("dict", [self._either(values)] if values else [])

    def _container(self, name: str, parts: list[int]) -> int:
        """A container of values; of a mapping the last part is that of its elements."""
        whole = self._made.free(name)
        if name == "dict" and parts:
            whole = self._made.node(Op.APPLY, whole, self._made.node(Op.INSTANCE, self._made.free("str")))
        for each in parts:
            whole = self._made.node(Op.APPLY, whole, each if each >= 0 else self._made.free(""))
        return self._made.node(Op.INSTANCE, whole)

    def _comprehension(self, node: Node, scope: Scope) -> int:
        inner = Scope(scope, definition=scope.definition, owner=scope.owner)
        body = node.child_by_field_name("body")
        for child in node.named_children:
            if child.type == "for_in_clause":
                left, right = child.child_by_field_name("left"), child.child_by_field_name("right")
                whole = self._value(right, inner) if right is not None else UNKNOWN
                if left is not None:
                    self._assign_from(left, self._made.node(Op.ITERATE, whole), inner, node.start_byte)
            elif child.type == "if_clause":
                self._parts(child, inner)
        element = UNKNOWN
        if body is not None and body.type == "pair":
            key, value = body.child_by_field_name("key"), body.child_by_field_name("value")
            if key is not None:
                self._value(key, inner)
            element = self._value(value, inner) if value is not None else UNKNOWN
        elif body is not None:
            element = self._value(body, inner)
        return self._container(_CONTAINERS.get(node.type, "list"), [element])

    def _assign_from(self, left: Node, value: int, scope: Scope, begin: int) -> None:
        """As :meth:`_assign`, for names that count from an earlier byte on."""
        if left.type == "identifier":
            scope.bind(self._slice(left), begin, value)
            return
        if left.type in ("pattern_list", "tuple_pattern", "list_pattern"):
            for number, part in enumerate(left.named_children):
                self._assign_from(part, self._made.node(Op.PART, value, number), scope, begin)
            return
        for part in left.named_children:
            self._assign_from(part, UNKNOWN, scope, begin)

    def _lambda(self, node: Node, scope: Scope) -> int:
        inner = Scope(scope, definition=scope.definition, owner=scope.owner)
        parameters = node.child_by_field_name("parameters")
        for each in parameters.named_children if parameters is not None else ():
            name = each.child_by_field_name("name") or each
            default = each.child_by_field_name("value")
            if default is not None:
                self._value(default, scope)
            while name.type != "identifier" and name.named_children:
                name = name.named_children[0]
            inner.bind(self._slice(name), node.start_byte, UNKNOWN)
        body = node.child_by_field_name("body")
        if body is not None:
            self._value(body, inner)
        return UNKNOWN


def inner_start(node: Node) -> int:
    """From where on the parameters of a function count."""
    return node.start_byte


_NOTED = frozenset((Op.DEFINITION, Op.IMPORT))
_BLOCKS = frozenset(
    """module block if_statement elif_clause else_clause while_statement try_statement finally_clause
    with_statement with_clause match_statement""".split()
)
_Statement = Callable[[_Python, Node, Scope], object]
_STATEMENTS: dict[str, _Statement] = {
    "expression_statement": _Python._expression_statement,
    "import_statement": _Python._import,
    "import_from_statement": _Python._import_from,
    "future_import_statement": lambda *_: None,
    "decorated_definition": _Python._decorated,
    "class_definition": _Python._class,
    "function_definition": _Python._function,
    "return_statement": _Python._return,
    "for_statement": _Python._for,
    "with_item": _Python._with_item,
    "except_clause": _Python._except,
    "except_group_clause": _Python._except,
    "case_clause": _Python._case,
    "global_statement": _Python._elsewhere,
    "nonlocal_statement": _Python._elsewhere,
    "type_alias_statement": _Python._type_alias,
    "comment": lambda *_: None,
}
_Expression = Callable[[_Python, Node, Scope], int]
_EXPRESSIONS: dict[str, _Expression] = {
    "call": _Python._call,
    "await": _Python._await,
    "subscript": _Python._subscript,
    "parenthesized_expression": _Python._inner,
    "keyword_argument": _Python._keyword,
    "conditional_expression": _Python._conditional,
    "boolean_operator": _Python._boolean,
    "named_expression": _Python._named,
    "tuple": _Python._tuple,
    "expression_list": _Python._tuple,
    "list": _Python._collection,
    "set": _Python._collection,
    "dictionary": _Python._dictionary,
    "list_comprehension": _Python._comprehension,
    "set_comprehension": _Python._comprehension,
    "dictionary_comprehension": _Python._comprehension,
    "generator_expression": _Python._comprehension,
    "lambda": _Python._lambda,
    "assignment": _Python._assignment,
    "string": _Python._string,
    "concatenated_string": _Python._string,
}
