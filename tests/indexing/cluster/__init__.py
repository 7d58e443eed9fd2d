"""Tests of ``semindex.indexing.cluster``."""
