"""What people and programs see: the command line, and answers as text and JSON."""
