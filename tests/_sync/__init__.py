# Generated from tests/_async/__init__.py by scripts/generate_sync.py. Do not edit.
"""Tests of what has two sides; one of two twins."""
