"""Tables that tell for each language which nodes of its syntax tree are definitions."""
