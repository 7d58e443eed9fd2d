"""Tests of ``semindex.process``."""
