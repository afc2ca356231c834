"""The client of the project."""

from __future__ import annotations

from functools import cache

from root import RootSignals


@cache
def root_signals() -> RootSignals:
    """Return the client, which all threads and tasks of a process share.

    It is created for the first request, so that commands such as `migrate` need no API key. A
    server may fork before that or later: each process opens connections of its own.
    """
    # Less than the 30 seconds after which gunicorn kills a worker.
    return RootSignals(deadline=25)
