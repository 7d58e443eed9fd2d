"""Definitions in comments, long strings and heredocs are none, and hide none behind them."""

from __future__ import annotations

import pytest

from tests.parse.sources import parsed

HIDDEN = [
    (
        "commonlisp",
        "(defun a () 1)\n#|\n(defun b () 1)\n #| in |#\n(defun c () 1)\n|#\n"
        "(defun d () #\\; 1)\n(defun e () 1)\n",
        "a d e",
    ),
    ("scheme", "(define (a) 1)\n#|\n(define (b) 1)\n|#\n(define (d) #\\( )\n(define (e) 1)\n", "a d e"),
    ("racket", "(define (a) 1)\n#|\n(define (b) 1)\n|#\n(define (e) 1)\n", "a e"),
    (
        "emacslisp",
        '(defun a () ?\\()\n(defun b () ?\\;)\n(defun c () ?")\n;(defun x () 1)\n(defun d () 1)\n',
        "a b c d",
    ),
    (
        "nim",
        "proc a() =\n  discard\n#[\nproc b() =\n  #[ in ]#\n  discard\n]#\nproc c() =\n  discard\n",
        "a c",
    ),
    ("d", "void a() {\n}\n/+\nvoid b() {\n}\n/+ in +/\nvoid x() {\n}\n+/\nvoid c() {\n}\n", "a c"),
    (
        "ocaml",
        "let a x = x\n(*\nlet b x = x\n(* in *)\nlet c x = x\n*)\n"
        "let q = {q|\nlet z x = x\n|q}\nlet d x = x\n",
        "a q d",
    ),
    ("fsharp", 'let a x = x\n(*\nlet b x = x\n*)\nlet s = """\nlet z x = x\n"""\nlet d x = x\n', "a s d"),
    (
        "julia",
        "function a()\nend\n#=\nfunction b()\nend\n#= in =#\nfunction x()\nend\n=#\nfunction c()\nend\n",
        "a c",
    ),
    ("elm", "a x =\n    x\n\n{-\nb x =\n    x\n{- in -}\nz x = x\n-}\n\nc x =\n    x\n", "a c"),
    ("purescript", "a :: Int\na = 1\n\n{-\nb = 1\n-}\n\nc :: Int\nc = 2\n", "a c"),
    ("crystal", "def a\nend\nx = <<-END\ndef b\nend\nEND\ndef c\nend\n", "a c"),
    ("perl", "sub a {\n}\n=pod\n\nsub b {\n}\n\n=cut\nmy $x = <<END;\nsub z {\n}\nEND\nsub c {\n}\n", "a c"),
    ("gleam", "pub fn a() {\n  1\n}\n// pub fn b() {\npub fn c() {\n  1\n}\n", "a c"),
    (
        "pascal",
        "procedure a;\nbegin\nend;\n{ procedure b; begin end; }\n"
        "(* procedure z;\nbegin\nend; *)\nprocedure c;\nbegin\nend;\n",
        "a c",
    ),
    ("matlab", "function a()\nend\n%{\nfunction b()\nend\n%}\nfunction c()\nend\n", "a c"),
    (
        "cmake",
        "function(a)\nendfunction()\n#[[\nfunction(b)\nendfunction()\n]]\nfunction(c)\nendfunction()\n",
        "a c",
    ),
    ("lua", "function a() end\n--[[\nfunction b() end\n]]\nfunction c() end\n", "a c"),
    ("clojure", "(defn a [] 1)\n;(defn b [] 1)\n(defn c [] \\( )\n(defn d [] 1)\n", "a c d"),
    ("tcl", "proc a {} {\n}\n# proc b {} {\n# }\nproc c {} {\n}\n", "a c"),
    (
        "powershell",
        "function a {\n}\n<#\nfunction b {\n}\n#>\n$x = @'\nfunction z {\n}\n'@\nfunction c {\n}\n",
        "a c",
    ),
    ("erlang", 'a() -> 1.\n% b() -> 1.\nc() -> $".\nd() -> 2.\n', "a c d"),
    ("vhdl", "entity a is\nend a;\n-- entity b is\n/* entity z is\nend z; */\nentity c is\nend c;\n", "a c"),
    ("fortran", "subroutine a()\nend subroutine\n! subroutine b()\nsubroutine c()\nend subroutine\n", "a c"),
    (
        "r",
        "a <- function(x) {\n}\n# b <- function(x) {}\n"
        "s <- '\nz <- function() {\n}\n'\nc <- function(x) {\n}\n",
        "a c",
    ),
    ("v", "fn a() {\n}\n/*\nfn b() {\n}\n/* in */\n*/\nfn c() {\n}\n", "a c"),
    ("solidity", "contract a {\n}\n/*\ncontract b {\n}\n*/\ncontract c {\n}\n", "a c"),
]


@pytest.mark.parametrize(("language", "text", "names"), HIDDEN)
def test_what_is_commented_out_defines_nothing(language: str, text: str, names: str) -> None:
    assert " ".join(symbol.name for symbol in parsed(text.encode(), language).symbols) == names


@pytest.mark.parametrize(("language", "text", "names"), HIDDEN)
def test_windows_line_ends_hide_as_much(language: str, text: str, names: str) -> None:
    text = text.replace("\n", "\r\n")
    assert " ".join(symbol.name for symbol in parsed(text.encode(), language).symbols) == names
