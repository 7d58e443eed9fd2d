"""Languages by name, by first line and by head."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from semindex.source.language_table import languages
from semindex.source.languages import canonical, detect, is_source_name, kind_of

EXPECTED = {
    "a.py": "python", "a.pyi": "python", "a.js": "javascript", "a.mjs": "javascript", "a.jsx": "javascript",
    "a.ts": "typescript", "a.d.ts": "typescript", "a.tsx": "tsx", "a.java": "java", "a.kt": "kotlin",
    "a.kts": "kotlin", "a.c": "c", "a.h": "c", "a.cpp": "cpp", "a.cc": "cpp", "a.hpp": "cpp",
    "a.cs": "csharp", "a.go": "go", "a.rs": "rust", "a.rb": "ruby", "a.php": "php", "a.swift": "swift",
    "a.scala": "scala", "a.sbt": "scala", "a.lua": "lua", "a.ex": "elixir", "a.exs": "elixir",
    "a.hs": "haskell", "a.sh": "bash", "a.bash": "bash", "a.zsh": "bash", "a.zig": "zig", "a.sql": "sql",
    "README.md": "markdown", "a.rst": "rst", "a.html": "html", "a.css": "css", "a.scss": "scss",
    "a.json": "json", "a.yaml": "yaml", "a.yml": "yaml", "a.toml": "toml", "a.ini": "ini", "a.xml": "xml",
    "a.csproj": "xml", "Dockerfile": "dockerfile", "Dockerfile.dev": "dockerfile",
    "api.dockerfile": "dockerfile", "Makefile": "make", "Makefile.am": "make", "rules.mk": "make",
    "CMakeLists.txt": "cmake", "a.cmake": "cmake", "a.pl": "perl", "a.R": "r", "a.jl": "julia",
    "a.dart": "dart", "a.erl": "erlang", "a.clj": "clojure", "a.ml": "ocaml", "a.fs": "fsharp",
    "a.groovy": "groovy", "build.gradle": "groovy", "a.ps1": "powershell", "a.vim": "vim", ".vimrc": "vim",
    "a.nix": "nix", "a.tf": "hcl", "a.proto": "protobuf", "a.graphql": "graphql", "a.m": "objective-c",
    "a.mm": "objective-c", "a.f90": "fortran", "a.adb": "ada", "a.s": "assembly", "a.S": "assembly",
    "a.asm": "assembly", "a.tex": "latex", "a.vue": "vue", "a.svelte": "svelte", "a.cr": "crystal",
    "a.nim": "nim", "a.d": "d", "a.elm": "elm", "a.sol": "solidity", "a.v": "verilog", "a.vhd": "vhdl",
    "a.lisp": "commonlisp", "a.el": "emacslisp", "a.scm": "scheme", "a.rkt": "racket", "a.gd": "gdscript",
    "a.coffee": "coffeescript", "a.pas": "pascal", "a.cob": "cobol", "a.cu": "cpp", "a.glsl": "glsl",
    "Gemfile": "ruby", "Rakefile": "ruby", "a.gemspec": "ruby", "go.mod": "gomod", "Jenkinsfile": "groovy",
    ".bashrc": "bash", ".gitignore": "ignore", ".editorconfig": "ini", ".env": "ini", ".env.local": "ini",
    "setup.cfg": "ini", "config.h.in": "c", "a.blade.php": "php", "a.html.erb": "erb", "a.csv": "csv",
    "a.jsonl": "jsonl", "LICENSE": "text", "notes.txt": "text", "unheard.of": "text", "noextension": "text",
    "src/a.b/c": "text", "BUILD.bazel": "python", "meson.build": "meson", "a.gn": "gn", "justfile": "just",
    "a.bat": "batch", "a.fish": "fish", "a.ipynb": "json", "a.svg": "svg", "a.po": "gettext",
    "a.diff": "diff", "PKGBUILD": "bash", "a.prisma": "prisma", "a.tpl": "text", "a.yaml.tpl": "yaml",
    "Procfile": "procfile", ".nvmrc": "versions", ".python-version": "versions", ".sdkmanrc": "ini",
    "MANIFEST.in": "text", "requirements.txt": "requirements", "requirements-test.txt": "requirements",
    "dev_requirements.txt": "requirements", "requirements-of-users.md": "markdown", "a.bdf": "font",
}  # fmt: skip


def test_a_name_tells_the_language() -> None:
    assert {path: detect("some/folder/" + path, b"") for path in EXPECTED} == EXPECTED


@pytest.mark.parametrize(
    ("head", "language"),
    [
        (b"#!/bin/sh\n", "bash"),
        (b"#!/usr/bin/env python3\n", "python"),
        (b"#!/usr/bin/env -S node --harmony\n", "javascript"),
        (b"#! /usr/local/bin/python3.11 -u\n", "python"),
        (b"#!/usr/bin/env FOO=1 ruby\n", "ruby"),
        (b"\xef\xbb\xbf#!/usr/bin/perl -w\n", "perl"),
        (b"#compdef git\n_git() {\n", "bash"),
        (b"#autoload\n", "bash"),
        (b"# -*- mode: ruby -*-\n", "ruby"),
        (b"/* -*- C++ -*- */\n", "cpp"),
        (b"# vim: set ft=python :\n", "python"),
        (b"<?php echo 1;", "php"),
        (b"<?xml version='1.0'?>", "xml"),
        (b"<!DOCTYPE html>\n", "html"),
        (b"#!/no/such/thing\n", "text"),
        (b"hello\n", "text"),
    ],
)
def test_a_file_without_extension_is_told_by_its_head(head: bytes, language: str) -> None:
    assert detect("bin/tool", head) == language


def test_an_extension_outranks_the_first_line() -> None:
    assert detect("a.py", b"#!/bin/sh\n") == "python"


@pytest.mark.parametrize(
    ("head", "language"),
    [
        (b"#ifndef A_H\n#define A_H\nint f(void);\n#endif\n", "c"),
        (b'#ifdef __cplusplus\nextern "C" {\n#endif\nstruct a { int class_; };\n', "c"),
        (b"/* the class of all things\n   namespace for a template<> std::x */\nint f(void);\n", "c"),
        (b"struct device_class { int x; };\ntypedef int template_t;\n", "c"),
        (b"#pragma once\nnamespace a {\n", "cpp"),
        (b"class A : public B {\n", "cpp"),
        (b"class A;\n", "cpp"),
        (b"template <typename T>\nT f();\n", "cpp"),
        (b"void f(std::string s);\n", "cpp"),
        (b"#include <vector>\n", "cpp"),
        (b"@interface Foo : NSObject\n@end\n", "objective-c"),
        (b"#import <Foundation/Foundation.h>\n", "objective-c"),
    ],
)
def test_a_header_is_told_by_what_it_declares(head: bytes, language: str) -> None:
    assert detect("a.h", head) == language


@pytest.mark.parametrize(
    ("path", "head", "language"),
    [
        ("a.m", b"function y = f(x)\n% comment\n", "matlab"),
        ("a.m", b"#import <A.h>\n@implementation A\n", "objective-c"),
        ("a.ts", b"<?xml version='1.0'?>\n<!DOCTYPE TS>\n", "xml"),
        ("a.pl", b":- module(a, [b/1]).\n", "prolog"),
        ("a.pl", b"use strict;\n", "perl"),
        ("a.v", b"Require Import Arith.\nTheorem x : True.\n", "coq"),
        ("a.fs", b"#version 330\nvoid main() {}\n", "glsl"),
        ("a.inc", b"<?php\n", "php"),
        (
            "chart/templates/_helpers.tpl",
            b'{{- define "app.name" -}}\n{{ .Chart.Name }}\n{{- end }}\n',
            "helm",
        ),
        ("chart/templates/a/b.tpl", b"{{/* A comment */}}\n", "helm"),
        ("docs/page.tpl", b"{{ range .Pages }}\n{{ .Title }}\n{{ end }}\n", "gotemplate"),
        ("templates/endpoint.tpl", b"the {{ endpoint }} of {{ if_any }}\n", "text"),
        ("templates/page.tpl", b"{* A page *}\n{include file='head.tpl'}\n", "smarty"),
        ("page.tpl", b"<ul>{foreach $items as $item}<li>{$item.name}</li>{/foreach}</ul>\n", "smarty"),
        ("page.tpl", b"<p><?php echo $x; ?></p>\n", "php"),
        ("page.tpl", b"{% extends 'base.tpl' %}\n", "html"),
        ("page.tpl", b"<!DOCTYPE html>\n<title>a</title>\n", "html"),
        ("mail.tpl", b"Dear reader,\n", "text"),
        ("a.spec", b"Name: semindex\nVersion: 1\n%description\n", "rpmspec"),
        ("a.spec", b"%global debug_package %{nil}\n", "rpmspec"),
        ("a.spec", b"# -*- mode: python ; coding: utf-8 -*-\na = Analysis(['x.py'])\n", "python"),
        ("a.spec", b"block_cipher = None\nexe = EXE(pyz, a.scripts)\n", "python"),
        ("a.spec", b"The cart must be empty after paying.\n", "text"),
    ],
)
def test_a_shared_extension_is_told_by_the_head(path: str, head: bytes, language: str) -> None:
    assert detect(path, head) == language


@pytest.mark.parametrize(
    ("alias", "language"),
    [
        ("js", "javascript"), ("c#", "csharp"), ("cs", "csharp"), ("C++", "cpp"), ("sh", "bash"),
        ("shell", "bash"), ("py", "python"), ("ts", "typescript"), ("golang", "go"), ("rs", "rust"),
        ("rb", "ruby"), ("kt", "kotlin"), ("objc", "objective-c"), ("terraform", "hcl"), ("viml", "vim"),
        ("yml", "yaml"), ("md", "markdown"), ("Python", "python"), (" go ", "go"), (".tsx", "tsx"),
        ("hs", "haskell"), ("ex", "elixir"), ("ps1", "powershell"), ("docker", "dockerfile"),
        ("makefile", "make"), ("f#", "fsharp"), ("nonsense", None), ("", None),
    ],
)  # fmt: skip
def test_an_alias_means_a_language(alias: str, language: str | None) -> None:
    assert canonical(alias) == language


def test_a_font_is_data_in_whatever_text_it_is_written() -> None:
    head = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><defs><font id="a"><glyph/>\n'
    assert kind_of(detect("fonts/icons.svg", head)) == "data"
    assert kind_of(detect("fonts/icons.ttx", b"<?xml version='1.0'?>\n<ttFont>")) == "data"


def test_kinds_say_how_a_file_is_cut() -> None:
    asked = ("python", "markdown", "yaml", "json", "csv", "text", "unheard of")
    assert [kind_of(name) for name in asked] == ["code", "prose", "config", "data", "data", "prose", "prose"]
    assert {kind_of(name) for name in languages().kinds} == {"code", "prose", "config", "data"}


def test_every_language_is_its_own_name() -> None:
    assert len(languages().kinds) >= 150
    assert all(canonical(name) == name for name in languages().kinds)


def test_a_name_alone_tells_source_from_the_rest() -> None:
    shown = [
        name
        for name in ("a.py", "README", "a.yaml", "a.png", "a.csv", "x", "Makefile")
        if is_source_name(name)
    ]
    assert shown == ["a.py", "README", "a.yaml", "Makefile"]


@given(st.text(), st.binary())
def test_any_path_and_head_have_a_language(path: str, head: bytes) -> None:
    assert detect(path, head) in languages().kinds
