"""Judges: one method for each endpoint of `/v1/judges/`."""
