"""A small source tree in three languages whose functions say what they do."""

from __future__ import annotations

from pathlib import Path

COOKIES = '''\
"""Cookies."""


def parse_cookie(header):
    """Split the header that a browser sent into names and values."""
    pairs = (part.partition("=") for part in header.split(";"))
    return {name.strip(): value for name, _, value in pairs}


def dump_cookie(name, value):
    """Serialise one name and its value for the response."""
    quoted = value.replace('"', "")
    return f"{name}={quoted}"


def expire(cookie):
    """Too short."""
    cookie.age = 0
    return cookie
'''

POOL = """\
package pool

// Acquire waits until a worker connection is idle and lends it out.
func (p *Pool) Acquire(wait int) *Conn {
	for p.busy() {
		p.sleep(wait)
	}
	return p.take()
}

// Shutdown closes every connection and refuses new borrowers.
func (p *Pool) Shutdown() {
	p.closed = true
	p.drain()
}
"""

DATES = """\
/**
 * Adds whole months to a date, keeping the last day of short ones.
 * @param {Date} date
 */
function addMonths(date, count) {
  const copy = new Date(date);
  copy.setMonth(copy.getMonth() + count);
  return copy;
}

/** Says whether the given year has a twenty-ninth of February. */
function isLeap(year) {
  const century = year % 100 === 0;
  return century ? year % 400 === 0 : year % 4 === 0;
}
"""


def write_tree(root: Path) -> Path:
    """Six functions to ask for, in three files, and a file that git would ignore."""
    (root / "web").mkdir(parents=True)
    (root / "web" / "cookies.py").write_text(COOKIES)
    (root / "pool.go").write_text(POOL)
    (root / "dates.js").write_text(DATES)
    (root / ".gitignore").write_text("*.log\n")
    (root / "noise.log").write_text("def noise():\n    '''Make a log line that nobody wants to read.'''\n")
    return root
