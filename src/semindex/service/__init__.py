"""What lives longer than one command: the indexes of some folders, kept open, built beside what is asked."""
