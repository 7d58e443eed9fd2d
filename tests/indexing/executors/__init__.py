"""Tests of ``semindex.indexing.executors``."""
