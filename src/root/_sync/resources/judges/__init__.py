# Generated from src/root/_async/resources/judges/__init__.py by scripts/generate_sync.py. Do not edit.
"""Judges: one method for each endpoint of `/v1/judges/`."""
