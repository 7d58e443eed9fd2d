"""Reads the command line of ``semindex grep`` in order, as ripgrep does, and tells what it lacks."""

from __future__ import annotations

from typing import Any

import click

_ONE_OF = (
    ("ignore_case", "smart_case", "case_sensitive"),
    ("word_regexp", "line_regexp"),
    ("line_number", "no_line_number"),
    ("with_filename", "no_filename"),
    ("heading", "no_heading"),
    ("sort", "sortr"),
)
"""Of each of these the one counts that was given last."""
_TYPES = {"type": True, "type_not": False}
NOT_OFFERED = frozenset(
    """
    -E -j -z --auto-hybrid-regex --block-buffered --colors --context-separator --crlf --debug --dfa-size-limit
    --encoding --engine --field-context-separator --field-match-separator --follow --generate
    --glob-case-insensitive --hostname-bin --hyperlink-format --ignore --ignore-dot --ignore-exclude
    --ignore-file --ignore-file-case-insensitive --ignore-files --ignore-global --ignore-messages
    --ignore-parent --ignore-vcs --include-zero --line-buffered --max-filesize --messages --mmap
    --no-auto-hybrid-regex --no-binary --no-block-buffered --no-byte-offset --no-column --no-config
    --no-context-separator --no-crlf --no-encoding --no-fixed-strings --no-follow
    --no-glob-case-insensitive --no-hidden --no-ignore-dot --no-ignore-exclude
    --no-ignore-file-case-insensitive --no-ignore-files --no-ignore-global --no-ignore-messages
    --no-ignore-parent --no-ignore-vcs --no-include-zero --no-invert-match --no-json --no-line-buffered
    --no-max-columns-preview --no-mmap --no-multiline --no-multiline-dotall --no-one-file-system --no-pcre2
    --no-pcre2-unicode --no-pre --no-require-git --no-search-zip --no-sort-files --no-stats --no-text
    --no-trim --no-unicode --null-data --one-file-system --path-separator --pcre2-unicode --pcre2-version
    --pre --pre-glob --regex-size-limit --require-git --search-zip --sort-files --stats --stop-on-nonmatch
    --threads --trace --type-add --type-clear --unicode
    """.split()
)
"""Flags of ripgrep that this command has not."""


class GrepCommand(click.Command):
    """A command whose options count in the order in which they were given."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words; the parameter ``types`` has those of ``type`` and ``type_not`` in their order."""
        try:
            given, _, order = self.make_parser(ctx).parse_args(args=list(args))
            rest = super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if error.option_name in NOT_OFFERED:
                name = error.option_name
                raise click.UsageError(f"{name} of ripgrep is not offered; rg itself has it", ctx) from error
            raise
        names = [each.name or "" for each in order]
        for group in _ONE_OF:
            last = [name for name in names if name in group][-1:]
            for name in group:
                if last and name not in last:
                    ctx.params[name] = _unset(ctx.params[name])
        values = {name: iter(given.get(name) or ()) for name in _TYPES}
        ctx.params["types"] = tuple((next(values[name]), _TYPES[name]) for name in names if name in _TYPES)
        for name in _TYPES:
            del ctx.params[name]
        return rest


def _unset(value: Any) -> Any:
    return False if isinstance(value, bool) else None
