"""Faults between a client and the service, and the outcome of each call under each of them.

The only place for this: the tests play every fault for every call, and

    python -m tests.faults

writes docs/faults.md from it.
"""
