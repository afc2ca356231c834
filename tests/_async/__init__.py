"""Tests of the client, for each of its faces."""
