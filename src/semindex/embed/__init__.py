"""Terms to vectors."""
