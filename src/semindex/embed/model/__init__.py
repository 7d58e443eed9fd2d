"""Holds the bundled word vectors."""
