"""Tests of ``semindex.build.executors``."""
