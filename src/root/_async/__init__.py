"""The client, its resources and its connections: one of two twins."""
