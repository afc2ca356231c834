"""Evaluators: one method for each endpoint of `/v1/evaluators/`."""
