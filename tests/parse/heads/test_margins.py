"""Lines by their indentation: the same as a look at each line after the other, without looking."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from semindex.parse.heads.margins import IndentedLines

LINES = st.lists(st.sampled_from(["", "a", " a", "  a", "\ta", "    a", "#a", "  #a", " \t", "a b"]))


@given(LINES, st.integers(0, 40), st.integers(0, 5))
def test_the_next_line_no_deeper_is_the_first_of_all_that_is(
    lines: list[str], offset: int, column: int
) -> None:
    text = "\n".join(lines).encode()
    found = IndentedLines(text, re.compile(rb"#"))
    position = found.behind(offset, column)
    expected = re.compile(rb"\n[ \t]{0,%d}+(?=[^ \t\n#])" % column).search(text, offset)
    if expected is None:
        assert position == len(found.starts)
    else:
        assert (found.breaks[position], found.starts[position]) == expected.span()
        assert found.columns[position] == expected.end() - expected.start() - 1
