"""The code graph: who defines, calls, imports and uses what, resolved when a question comes."""
