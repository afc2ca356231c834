"""The tests: `_async` is written, `_sync` generated from it, the rest has no two sides."""
