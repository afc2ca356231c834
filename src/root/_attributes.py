"""The attributes of an object, also those in `__slots__` of its class."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from types import MemberDescriptorType
from typing import cast

__all__ = ["attributes", "set_attributes"]


def attributes(instance: object) -> dict[str, object]:
    """Return the attributes of an object by name."""
    found = dict(vars(instance))
    for name, slot in _slots(type(instance)).items():
        # One that was not set has no value.
        with suppress(AttributeError):
            found[name] = cast("object", slot.__get__(instance))
    return found


def set_attributes(instance: object, values: Mapping[str, object]) -> None:
    """Set attributes of an object, without calling its `__setattr__`."""
    slots = _slots(type(instance))
    for name, value in values.items():
        if name in slots:
            slots[name].__set__(instance, value)
        else:
            vars(instance)[name] = value


def _slots(kind: type[object]) -> dict[str, MemberDescriptorType]:
    """Return what `__slots__` of a class and its bases has, by name."""
    return {
        name: value
        for base in reversed(kind.__mro__)
        for name, value in vars(base).items()
        if isinstance(value, MemberDescriptorType)
    }
