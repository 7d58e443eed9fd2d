"""What an exact search looks for: patterns and the options of ripgrep that change what they match."""

from __future__ import annotations

from msgspec import Struct


class Pattern(Struct, frozen=True, kw_only=True):
    """Patterns with the options of ripgrep's that decide what they match, each named as ripgrep names it.

    A text matches when one of ``patterns`` does, as with several ``-e``. Where ``ignore_case`` and
    ``smart_case`` are both set, ``ignore_case`` counts. A pattern need not be valid: ripgrep judges that.
    """

    patterns: tuple[str, ...]
    fixed_strings: bool = False
    ignore_case: bool = False
    smart_case: bool = False
    word_regexp: bool = False
    line_regexp: bool = False
    multiline: bool = False
    multiline_dotall: bool = False
    pcre2: bool = False
    file: str = ""
    """A file that holds the last ``in_file`` patterns, a line each, because they are long."""
    in_file: int = 0
