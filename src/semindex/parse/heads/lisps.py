"""Lisps: Clojure, Common Lisp, Scheme, Racket, Emacs Lisp, Fennel, Janet, Hy."""

from __future__ import annotations

from semindex.parse.heads.base import Ends, Head, HeadTable
from semindex.types import Kind

_META = r"(?:\^(?:\{[^{}]*+\}|:?+[\w.\"/?-]++)[ \t\r\n]++|\#\^\S++[ \t\r\n]++){0,8}+"
_NAME = r"(?P<name>[^\s()\[\]{}\"';`,|]++)"
CLOJURE = HeadTable(
    (
        Head(Kind.MODULE, rf"\((?:in-)?+ns[ \t\r\n]++'?+{_META}{_NAME}", Ends.PARENTHESES),
        Head(
            Kind.FUNCTION,
            rf"\((?:[\w.-]++/)?+(?:defn-?+|deftest-?+|defmulti|defmethod|definline|fdef|>defn-?+|defspec)[ \t\r\n]++{_META}{_NAME}",
            Ends.PARENTHESES,
        ),
        Head(Kind.MACRO, rf"\((?:[\w.-]++/)?+defmacro-?+[ \t\r\n]++{_META}{_NAME}", Ends.PARENTHESES),
        Head(
            Kind.INTERFACE,
            rf"\((?:[\w.-]++/)?+(?:defprotocol\+?+|definterface)[ \t\r\n]++{_META}{_NAME}",
            Ends.PARENTHESES,
        ),
        Head(
            Kind.STRUCT,
            rf"\((?:[\w.-]++/)?+(?:defrecord|deftype|defstruct)\+?+[ \t\r\n]++{_META}{_NAME}",
            Ends.PARENTHESES,
        ),
        Head(
            Kind.VARIABLE,
            rf"\((?:def|defonce|declare(?=[ ]\w++\)))[ \t\r\n]++{_META}{_NAME}",
            Ends.PARENTHESES,
        ),
        Head(
            Kind.METHOD,
            r"(?<=[ \t])\((?P<name>[a-zA-Z*+!_?<>=-][\w*+!?<>='-]*+)[ \t\r\n]++\[(?=[ \t\r\n]*+[\w^_\]{])",
            Ends.PARENTHESES,
        ),
        Head(
            Kind.OBJECT,
            rf"\((?:[\w.-]++/)?+def(?!ault)[\w.*+!?<>=-]++[ \t\r\n]++{_META}(?P<name>[A-Za-z*+!_?<>=:-][^\s()\[\]{{}}\"';`,|]*+)",
            Ends.PARENTHESES,
            margin=True,
        ),
    ),
    reserved=frozenset(
        "let for loop fn doseq binding dotimes letfn import require use and or if when not case cond do are is"
        " if-let when-let if-some when-some with-open with-redefs as-> testing go-loop for-all".split()
    ),
)
"""A name with parameters behind it that stands in no function is a method of a protocol, a record or a type."""
_LISP_NAME = r"(?:\(setf[ \t]++)?+(?P<name>(?:\|[^|\n]++\||[^\s()\"';`,|])++)"
_QUALIFIED = r"\((?:[\w.+-]++::?)?+"
COMMON_LISP = HeadTable(
    (
        Head(
            Kind.MODULE,
            rf"{_QUALIFIED}(?:defpackage|define-package|defsystem|uiop:define-package|in-package(?=!))[ \t\r\n]++(?:\#?+:|\")?+(?P<name>[^\s()\"';`,|]++)",
            Ends.PARENTHESES,
        ),
        Head(
            Kind.MACRO,
            rf"{_QUALIFIED}(?:defmacro|define-compiler-macro|define-modify-macro|define-setf-expander|defsetf|define-symbol-macro|defmacro\*)[ \t\r\n]++{_LISP_NAME}",
            Ends.PARENTHESES,
        ),
        Head(Kind.METHOD, rf"{_QUALIFIED}defmethod[ \t\r\n]++{_LISP_NAME}", Ends.PARENTHESES),
        Head(
            Kind.CLASS, rf"{_QUALIFIED}(?:defclass|define-condition)[ \t\r\n]++{_LISP_NAME}", Ends.PARENTHESES
        ),
        Head(Kind.STRUCT, rf"{_QUALIFIED}defstruct[ \t\r\n]++\(?+{_LISP_NAME}", Ends.PARENTHESES),
        Head(Kind.TYPE, rf"{_QUALIFIED}deftype[ \t\r\n]++{_LISP_NAME}", Ends.PARENTHESES),
        Head(
            Kind.CONSTANT,
            rf"{_QUALIFIED}(?:defconstant|define-constant)[ \t\r\n]++{_LISP_NAME}",
            Ends.PARENTHESES,
        ),
        Head(
            Kind.VARIABLE,
            rf"{_QUALIFIED}(?:defvar|defparameter|defglobal)[ \t\r\n]++{_LISP_NAME}",
            Ends.PARENTHESES,
        ),
        Head(
            Kind.FUNCTION,
            rf"{_QUALIFIED}(?:defun|defgeneric|deftest|defcommand|definline)\*?+[ \t\r\n]++{_LISP_NAME}",
            Ends.PARENTHESES,
        ),
        Head(
            Kind.OBJECT,
            rf"{_QUALIFIED}(?:def|define-)(?!ault)[\w*+!?<>=/-]++[ \t\r\n]++\(?+{_LISP_NAME}",
            Ends.PARENTHESES,
            margin=True,
        ),
    ),
    ignores_case=True,
)
EMACS_LISP = HeadTable(
    (
        Head(
            Kind.MACRO,
            rf"\((?:cl-)?+(?:defmacro\*?+|define-inline|define-modify-macro)[ \t\r\n]++{_LISP_NAME}",
            Ends.PARENTHESES,
        ),
        Head(
            Kind.FUNCTION,
            rf"\((?:cl-|ert-)?+(?:defun\*?+|defsubst\*?+|defgeneric|defmethod|deftest|defadvice|iter-defun)[ \t\r\n]++{_LISP_NAME}",
            Ends.PARENTHESES,
        ),
        Head(
            Kind.FUNCTION,
            rf"\((?:cl-iter-defun|iter-defun|define-advice|define-derived-mode|define-minor-mode|define-globalized-minor-mode|define-generic-mode|define-compilation-mode|transient-define-\w++|defhydra)[ \t\r\n]++{_LISP_NAME}",
            Ends.PARENTHESES,
        ),
        Head(
            Kind.FUNCTION, rf"\((?:defalias|fset)[ \t\r\n]++\#?+'{_LISP_NAME}", Ends.PARENTHESES, margin=True
        ),
        Head(Kind.CLASS, rf"\((?:defclass|define-error)[ \t\r\n]++'?+{_LISP_NAME}", Ends.PARENTHESES),
        Head(Kind.STRUCT, rf"\((?:cl-)?+defstruct[ \t\r\n]++\(?+{_LISP_NAME}", Ends.PARENTHESES),
        Head(Kind.SETTING, rf"\((?:defcustom|defcustom-local)[ \t\r\n]++{_LISP_NAME}", Ends.PARENTHESES),
        Head(Kind.CONSTANT, rf"\(defconst[ \t\r\n]++{_LISP_NAME}", Ends.PARENTHESES),
        Head(
            Kind.VARIABLE,
            rf"\((?:defvar|defvar-local|defvar-keymap|defvaralias|define-obsolete-variable-alias)[ \t\r\n]++'?+{_LISP_NAME}",
            Ends.PARENTHESES,
        ),
        Head(
            Kind.OBJECT,
            rf"\((?:defface|defgroup|deftheme|define-widget|defimage)[ \t\r\n]++'?+{_LISP_NAME}",
            Ends.PARENTHESES,
        ),
        Head(
            Kind.FUNCTION, rf"\(define-obsolete-function-alias[ \t\r\n]++\#?+'{_LISP_NAME}", Ends.PARENTHESES
        ),
        Head(
            Kind.OBJECT,
            r"\((?:\w++-)?+(?:define-|def)(?!ault|vice)[\w*+!?<>=/-]++[ \t\r\n]++'?+(?P<name>[A-Za-z][^\s()\"';`,|]*+)(?=[ \t\r\n)])",
            Ends.PARENTHESES,
            margin=True,
        ),
    ),
)
_SCHEME_NAME = r"(?P<name>(?:\|[^|\n]++\||[^\s()\[\]\"';`,|])++)"
SCHEME = HeadTable(
    (
        Head(
            Kind.MODULE,
            r"\((?:define-library|define-module|library|module)[ \t\r\n]++(?P<name>\([^()\n]++\)|[^\s()\"';`,]++)",
            Ends.PARENTHESES,
        ),
        Head(
            Kind.MACRO,
            rf"\((?:define-syntax(?:-rule|-parser|-parse-rule)?+|define-macro|defmacro|define-simple-macro)[ \t\r\n]++\(?+{_SCHEME_NAME}",
            Ends.PARENTHESES,
            local=True,
        ),
        Head(
            Kind.STRUCT,
            r"\((?:define-record-type|define-struct|struct|define-structure)[ \t\r\n]++[(<]?+(?P<name>[^\s()<>\[\]\"';`,]++)",
            Ends.PARENTHESES,
        ),
        Head(
            Kind.CLASS,
            r"\((?:define-class|define-interface|class\*?+)[ \t\r\n]++[(<]?+(?P<name>[^\s()<>\[\]\"';`,]++)",
            Ends.PARENTHESES,
            margin=True,
        ),
        Head(
            Kind.FUNCTION,
            rf"\(define(?:\*|-public|/public|/private|/override|/contract|-inlinable|-integrable|-method|-generic|\*-public)?+[ \t\r\n]++\([(]*+{_SCHEME_NAME}",
            Ends.PARENTHESES,
            local=True,
        ),
        Head(
            Kind.FUNCTION,
            rf"\((?:define|define-public|defn)[ \t\r\n]++{_SCHEME_NAME}[ \t\r\n]++\((?:lambda|case-lambda|λ|named-lambda|let[ \t\r\n]*+\()",
            Ends.PARENTHESES,
        ),
        Head(
            Kind.VARIABLE,
            rf"\(define(?:-public|-values|-parameter|-constant|-variable|/contract)?+[ \t\r\n]++\(?+{_SCHEME_NAME}",
            Ends.PARENTHESES,
        ),
        Head(
            Kind.OBJECT,
            r"\(define-(?!syntax|record|library|module|struct|macro)[\w*+!?<>=/-]++[ \t\r\n]++\(?+(?P<name>[A-Za-z<][^\s()\[\]\"';`,|]*+)",
            Ends.PARENTHESES,
            margin=True,
        ),
    ),
)
FENNEL = HeadTable(
    (
        Head(
            Kind.FUNCTION,
            r"\((?:fn|lambda|λ|defn|defn-|defun)[ \t\r\n]++(?P<name>[^\s()\[\]{}\"';`,]++)",
            Ends.PARENTHESES,
        ),
        Head(
            Kind.MACRO,
            r"\((?:macro|defmacro|defmacro-)[ \t\r\n]++(?P<name>[^\s()\[\]{}\"';`,]++)",
            Ends.PARENTHESES,
        ),
        Head(Kind.CLASS, r"\(defclass[ \t\r\n]++(?P<name>[^\s()\[\]{}\"';`,]++)", Ends.PARENTHESES),
        Head(
            Kind.VARIABLE,
            r"\((?:local|var|global|def|setv|defonce)[ \t\r\n]++(?P<name>[^\s()\[\]{}\"';`,]++)",
            Ends.PARENTHESES,
            margin=True,
        ),
    ),
)
