# Generated from tests/_async/__init__.py by scripts/generate_sync.py. Do not edit.
"""Tests of the client, for each of its faces."""
