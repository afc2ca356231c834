# Generated from src/root/_async/resources/evaluators/__init__.py by scripts/generate_sync.py. Do not edit.
"""Evaluators: one method for each endpoint of `/v1/evaluators/`."""
