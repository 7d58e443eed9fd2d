"""Tasks with known answers, and an index that is asked them, to figures."""
