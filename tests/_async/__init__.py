"""Tests of what has two sides; one of two twins."""
