"""The client, its resources and its connections, from which the blocking ones are generated."""
