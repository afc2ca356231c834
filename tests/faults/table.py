"""The table of all faults."""

from __future__ import annotations

from . import bodies, connections, proxies, statuses
from .scripts import Fault

SECTIONS: dict[str, list[Fault]] = {
    **connections.SECTIONS,
    **bodies.SECTIONS,
    **statuses.SECTIONS,
    **proxies.SECTIONS,
}
"""All faults by title."""

FAULTS = [fault for faults in SECTIONS.values() for fault in faults]
