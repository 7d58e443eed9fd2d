"""Files to a new generation."""
