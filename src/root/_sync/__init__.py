# Generated from src/root/_async/__init__.py by scripts/generate_sync.py. Do not edit.
"""The client, its resources and its connections, from which the blocking ones are generated."""
