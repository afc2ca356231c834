"""Forks: a lock for imports, and the identity of a process.

Imports nothing of this package.
"""

from __future__ import annotations

import os
import threading

__all__ = ["import_lock", "process_identity"]

import_lock = threading.RLock()
"""Held while modules are imported for a first call, and during forks.

A child that is forked in the middle of an import can never finish it: importlib holds the
module's lock for a thread that does not exist in the child.
"""

# The number of forks between the process that imported this module and this one.
_forks = 0


def _count_fork() -> None:
    global _forks
    _forks += 1


# Windows has no forks.
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_count_fork)
    # The hook that is registered last runs first. logging, which concurrent.futures has imported,
    # holds its own lock during forks, and some modules need that lock when they are imported.
    os.register_at_fork(
        before=import_lock.acquire,
        after_in_parent=import_lock.release,
        after_in_child=import_lock.release,
    )


def process_identity() -> tuple[int, int]:
    """Return a value that differs between a process and those that it was forked from.

    The number of forks is not enough, since not every server that forks runs Python's fork hooks
    (uWSGI does so only if configured). Neither is the process ID: in nested PID namespaces, a
    child may have the same ID as its parent.
    """
    return os.getpid(), _forks
