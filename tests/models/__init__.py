"""Tests of ``semindex.models``."""
