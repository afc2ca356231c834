"""The arguments of `serve()`, and their validation."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import NoneType
from typing import get_args

from root.emulator.cursors import NextStyle
from root.emulator.faults import Fault
from root.emulator.generations import Generation
from root.emulator.resources.catalogue import Catalogue

_PATH = (str, os.PathLike)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The arguments of `serve()`, checked, with files read and random keys chosen."""

    host: str
    port: int
    db: str | os.PathLike[str] | None
    api_key: str = field(repr=False)
    next_style: NextStyle
    generation: Generation
    page_size_cap: int
    public_models: Catalogue = field(repr=False)
    seed: int | None
    faults: tuple[Fault, ...]
    control_key: str = field(repr=False)
    allow_remote: bool


def check_settings(
    *,
    host: str,
    port: int,
    db: str | os.PathLike[str] | None,
    next_style: NextStyle,
    generation: Generation,
    page_size_cap: int,
    catalogue: str | os.PathLike[str] | None,
    seed: int | None,
    faults: object,
    allow_remote: bool,
) -> None:
    """Check the types and the values of the arguments.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: An argument is invalid.
    """
    check_type("host", host, (str,), "a string")
    check_type("db", db, (*_PATH, NoneType), "the path of a file, or None")
    check_type("catalogue", catalogue, (*_PATH, NoneType), "the path of a JSON file, or None")
    check_type("faults", faults, (*_PATH, Iterable), "a list of Fault, or the path of a JSON file")
    check_type("port", port, (int,), "an integer")
    check_type("page_size_cap", page_size_cap, (int,), "an integer")
    check_type("seed", seed, (int, NoneType), "an integer or None")
    if not allow_remote and not _is_loopback(host):
        raise ValueError(
            f"Other machines could connect to {host!r}. To permit this, pass allow_remote=True (on"
            " the command line --allow-remote)."
        )
    if next_style not in get_args(NextStyle):
        raise ValueError(f"next_style must be one of {', '.join(get_args(NextStyle))}.")
    if generation not in get_args(Generation):
        raise ValueError(f"generation must be one of {', '.join(get_args(Generation))}.")
    if not 0 <= port <= 65535:
        raise ValueError(f"port must be from 0 to 65535, not {port}.")
    if db in ("", ":memory:"):
        # SQLite would keep these databases in memory.
        raise ValueError("db must be the path of a file. Omit it to keep resources in memory.")
    if page_size_cap < 1:
        raise ValueError("page_size_cap must be at least 1.")


def check_type(name: str, value: object, types: tuple[type, ...], expected: str) -> None:
    """Check the type of an argument.

    Raises:
        TypeError: It is another one.
    """
    # bool is a subclass of int.
    if not isinstance(value, types) or isinstance(value, bool):
        raise TypeError(f"{name} must be {expected}, not {value!r}.")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
