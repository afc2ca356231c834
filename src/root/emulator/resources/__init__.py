"""The resources of the emulated API, one module each."""

from __future__ import annotations

from root.emulator.resource import AnyResource
from root.emulator.resources.catalogue import Catalogue
from root.emulator.resources.models import Models
from root.emulator.resources.projects import Projects

__all__ = ["declared"]


def declared(catalogue: Catalogue) -> tuple[AnyResource, ...]:
    """Return all resources, in the order in which they are described.

    Args:
        catalogue: The public models.
    """
    return (Models(catalogue), Projects())
