"""What a process has one of: its spare threads, its loaded models, its collector, what it remembers."""
