"""Definitions found by the lines on which they begin, without a grammar."""
