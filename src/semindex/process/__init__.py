"""Things that the whole process shares: threads, loaded models, the garbage collector, memory caches."""
