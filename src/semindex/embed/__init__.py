"""Embedders: the bundled word vectors, and a door to models that a user brings."""
