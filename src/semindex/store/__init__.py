"""The only room with SQL and file formats."""
