"""Models that a user brings: their folders, hubs and servers, and what runs them."""
