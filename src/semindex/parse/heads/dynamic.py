"""Erlang, Julia, Prolog, Smalltalk, Forth and Lean."""

from __future__ import annotations

from semindex.parse.heads.base import Ends, Head, HeadTable
from semindex.types import Kind

_ATOM = r"(?P<name>[a-z][\w@]*+|'[^'\n]++')"
ERLANG = HeadTable(
    (
        Head(Kind.MODULE, rf"-[ \t]*+module[ \t]*+\([ \t]*+{_ATOM}", Ends.LINE, margin=True),
        Head(Kind.STRUCT, rf"-[ \t]*+record[ \t]*+\([ \t]*+{_ATOM}", Ends.STOP, margin=True),
        Head(Kind.MACRO, r"-[ \t]*+define[ \t]*+\([ \t]*+(?P<name>\w++)", Ends.STOP, margin=True),
        Head(
            Kind.TYPE,
            rf"-[ \t]*+(?:type|opaque|nominal)[ \t]*+\(?+[ \t]*+{_ATOM}[ \t]*+\(",
            Ends.STOP,
            margin=True,
        ),
        Head(Kind.FUNCTION, rf"-[ \t]*+callback[ \t]*+{_ATOM}[ \t]*+\(", Ends.STOP, margin=True),
        Head(Kind.FUNCTION, rf"{_ATOM}[ \t]*+\(", Ends.STOP, margin=True, merges=True),
    ),
    reserved=frozenset(
        {"when", "if", "case", "receive", "fun", "begin", "try", "catch", "of", "after", "end"}
    ),
    stop=r"\.(?=[ \t]*+$)",
)
_JULIA_MARKS = r"(?:@\w[\w.]*+[ \t]++)*+"
_JULIA_NAME = r"(?:(?P<owner>(?:\w++\.)*?\w++)\.(?=[\w:(]))?(?P<name>(?:[^\W\d]|@)[\w!]*+|:?+\([^()\w\s]++\)|[^\s\w(){}\[\]\"',;:.=@#]{1,3})"
_JULIA_ARGUMENTS = r"(?:\{(?:[^{}\n]++|\{[^{}\n]*+\})*+\})?+\((?:[^()\"]++|\"[^\"\n]*+\"|\((?:[^()]++|\((?:[^()]++|\([^()]*+\))*+\))*+\)){0,60}+\)"
JULIA = HeadTable(
    (
        Head(Kind.MODULE, r"(?:bare)?+module[ \t]++(?P<name>\w++)", Ends.NEXT, margin=True),
        Head(Kind.MACRO, r"macro[ \t]++(?P<name>\w[\w!]*+)", Ends.WORDS),
        Head(Kind.STRUCT, rf"{_JULIA_MARKS}(?:mutable[ \t]++)?+struct[ \t]++(?P<name>\w[\w!]*+)", Ends.WORDS),
        Head(Kind.TYPE, r"(?:abstract|primitive)[ \t]++type[ \t]++(?P<name>\w++)", Ends.LINE),
        Head(
            Kind.FUNCTION,
            rf"{_JULIA_MARKS}function[ \t]++(?:\([^()\n]*+::[^()\n]*+\))?+{_JULIA_NAME}",
            Ends.WORDS,
            local=True,
        ),
        Head(
            Kind.FUNCTION,
            rf"{_JULIA_MARKS}{_JULIA_NAME}{_JULIA_ARGUMENTS}(?:[ \t]*+::[ \t]*+[\w.{{}}, <:]{{1,80}}?)?(?:[ \t\r\n]++where[ \t]++(?:\{{[^{{}}\n]*+(?:\{{[^{{}}\n]*+\}}[^{{}}\n]*+)*+\}}|[\w.]++(?:[ \t]*+[<>]:[ \t]*+[\w.{{}}]++)?+)){{0,4}}+[ \t]*+=(?![=>])",
            Ends.INDENT,
        ),
        Head(
            Kind.CONSTANT,
            r"(?:global[ \t]++)?+const[ \t]++(?:global[ \t]++)?+(?P<name>[^\W\d][\w!]*+)[ \t]*+(?:::[^=\n]*+)?+=",
            Ends.INDENT,
        ),
    ),
    reserved=frozenset({"if", "for", "while", "elseif", "return", "let", "begin", "end", "and", "in", "isa"}),
    opening=r"(?!)",
    closing=r"[}\])]|end\b",
    opens=r"(?:^[ \t]*+|=[ \t]*+|\breturn[ \t]++|[(,][ \t]*+|@\w++[ \t]++)(?:if|for|while|let|begin|try|quote)\b(?![^\n]{0,300}?\bend\b)|\bdo\b(?=[ \t]*+(?:$|[\w(]))(?![^\n]{0,300}?\bend\b)",
    closes=r"^[ \t]*+end\b",
)
"""Modules are not indented and reach to the next one. A block on one line closes itself."""
PROLOG = HeadTable(
    (
        Head(Kind.MODULE, r":-[ \t]*+module\([ \t]*+(?P<name>\w++)", Ends.STOP, margin=True),
        Head(
            Kind.FUNCTION,
            r"(?P<name>[a-z]\w*+|'[^'\n]++')(?=\(|[ \t]*+(?::-|-->))",
            Ends.STOP,
            margin=True,
            merges=True,
        ),
    ),
    stop=r"\.(?=[ \t]*+$)",
)
FORTH = HeadTable(
    (
        Head(Kind.FUNCTION, r":[ \t]++(?P<name>\S++)", Ends.STOP),
        Head(
            Kind.VARIABLE,
            r"(?:2?+VARIABLE|CREATE|[\w-]++[ \t]++(?:VALUE|CONSTANT))[ \t]++(?P<name>\S++)",
            Ends.LINE,
        ),
    ),
    stop=r"(?<=\s);(?=\s|\Z)",
    ignores_case=True,
)
LEAN = HeadTable(
    (
        Head(Kind.MODULE, r"namespace[ \t]++(?P<name>[\w.]++)", Ends.LINE),
        Head(
            Kind.FUNCTION,
            r"(?:@\[[^\]\n]*+\][ \t\r\n]*+){0,8}+(?:(?:private|protected|noncomputable|partial|unsafe|nonrec|scoped|local)[ \t]++)*+(?:def|theorem|lemma|abbrev|opaque|axiom|macro|syntax|elab|instance)[ \t]++(?P<name>[\w.'!?₀-₉]++)",
            Ends.INDENT,
            margin=True,
        ),
        Head(
            Kind.STRUCT,
            r"(?:@\[[^\]\n]*+\][ \t\r\n]*+){0,8}+(?:structure|class[ \t]++inductive|class|inductive)[ \t]++(?P<name>[\w.]++)",
            margin=True,
        ),
    ),
)
COQ = HeadTable(
    (
        Head(Kind.MODULE, r"(?:Module(?:[ \t]++Type)?+|Section)[ \t]++(?P<name>[\w']++)", Ends.LINE),
        Head(
            Kind.FUNCTION,
            r"(?:(?:Local|Global|Program|Polymorphic|\#\[[^\]\n]*+\])[ \t]++)*+(?:Theorem|Lemma|Corollary|Proposition|Fact|Remark|Definition|Fixpoint|CoFixpoint|Function|Instance|Axiom|Parameter|Example|Let|Ltac|Equations)[ \t]++(?P<name>[\w']++)",
            Ends.STOP,
        ),
        Head(
            Kind.TYPE,
            r"(?:(?:Local|Global|Polymorphic)[ \t]++)*+(?:Inductive|CoInductive|Record|Structure|Variant|Class)[ \t]++(?P<name>[\w']++)",
            Ends.STOP,
        ),
    ),
    stop=r"\.(?=\s)",
)
IDRIS = HeadTable(
    (
        Head(
            Kind.TYPE,
            r"(?:(?:public|export|private|total|partial|covering)[ \t\r\n]++){0,8}+(?:data|record|interface|codata)[ \t]++(?:[^\n:(]*?=>[ \t]*+)?(?P<name>[A-Z]\w*+)",
        ),
        Head(
            Kind.FUNCTION,
            r"(?P<name>[a-z_][\w']*+|\([^()\w\s]++\))[ \t]*+:(?![:=])",
            margin=True,
            merges=True,
        ),
    ),
    reserved=frozenset({"module", "import", "where"}),
    opening=r"(?!)",
)
