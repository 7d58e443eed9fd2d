"""Prints an answer in the shape that was asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from msgspec import Struct, structs

from semindex.present.cli.outcome import DONE, NOTHING, tell
from semindex.present.render import (
    View,
    count,
    coverage_line,
    definition_lines,
    paths_only,
    plain,
    text_lines,
    vimgrep,
)
from semindex.present.schema import definitions_object, hits_object, texts_object
from semindex.present.stream import write, write_json

if TYPE_CHECKING:
    from rich.console import Console

    from semindex.config import Settings
    from semindex.types import Coverage, Definitions, Hit, Hits, Texts

Answer = TypeVar("Answer", "Hits", "Definitions", "Texts")
