"""What a file says of definitions, calls and imports, for the code graph: each language has a module."""
