"""The folder of the bundled word vectors; it has no code."""
