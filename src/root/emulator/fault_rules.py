"""The rules that faults are validated by."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast, get_args

from root.emulator.cursors import NextStyle

Reset: TypeAlias = Literal["before", "after"]
"""When a connection is reset: before or after the request is processed."""

RetryAfterForm: TypeAlias = Literal["seconds", "date", "milliseconds"]
"""The format in which a response states when to retry."""

BODILESS_STATUSES = (204, 205, 304)
"""Statuses of responses without a body (RFC 9110, 15.3.5, 15.3.6 and 15.4.5)."""

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

# About thirty years: the date that is so far in the future has four digits for its year.
_MAX_SECONDS = 1_000_000_000
_SECONDS = f"must be from 0 to {_MAX_SECONDS} seconds"


@dataclass(frozen=True)
class _Rule:
    """A rule for the value of one field."""

    field: str
    is_valid: Callable[[object], bool]
    requirement: str


@dataclass(frozen=True)
class _Exclusion:
    """Fields that have no effect together with another field, and why."""

    field: str
    excluded: tuple[str, ...]
    reason: str


def check_values(fault: object) -> None:
    """Check the value of each field.

    Raises:
        ValueError: A value is invalid.
    """
    for rule in _RULES:
        value: object = getattr(fault, rule.field)
        if not rule.is_valid(value):
            raise ValueError(f"{rule.field} {rule.requirement}, not {value!r}.")


def check_combination(given: Set[str], status: int | None) -> None:
    """Check the combination of fields.

    Args:
        given: The names of the fields that have another value than their default.
        status: The fault's status.

    Raises:
        ValueError: Some fields cannot be combined, or a required one is missing.
    """
    for rule in _EXCLUSIONS:
        if rule.field in given and (unused := [name for name in rule.excluded if name in given]):
            raise ValueError(
                f"{rule.field} {rule.reason}. It cannot be combined with {' and '.join(unused)}."
            )
    if status in BODILESS_STATUSES and (unused := [name for name in _OF_BODIES if name in given]):
        raise ValueError(
            f"A response with status {status} has no body. The status cannot be combined with"
            f" {' and '.join(unused)}."
        )
    if "retry_after_form" in given and "retry_after" not in given:
        raise ValueError("retry_after_form requires retry_after.")
    if not given - _CONDITIONS:
        raise ValueError(
            "The fault has no effect. Give a status, delay, reset, truncate, body or headers, or"
            " times to let that number of requests pass."
        )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_seconds(value: object) -> bool:
    return _is_number(value) and 0 <= cast("float", value) <= _MAX_SECONDS


def _is_headers(value: object) -> bool:
    # Valid field names and values (RFC 9110, 5.1 and 5.5), in ASCII only.
    if not isinstance(value, Mapping):
        return False
    headers = cast("Mapping[object, object]", value)
    return len({str(name).lower() for name in headers}) == len(headers) and all(
        isinstance(name, str)
        and isinstance(content, str)
        and re.fullmatch(r"[\w!#$%&'*+.^`|~-]+", name, re.ASCII)
        and re.fullmatch(r"(?:[!-~](?:[ -~\t]*[!-~])?)?", content)
        and name.lower() not in ("content-length", "transfer-encoding")
        for name, content in headers.items()
    )


def _is_body(value: object) -> bool:
    try:
        text = value if isinstance(value, str) else json.dumps(value, allow_nan=False)
        text.encode()
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def _can_match_paths(pattern: str) -> bool:
    # In a pattern, a question mark matches any character and does not start a query.
    return (
        pattern.startswith(("/", "*"))
        and pattern.endswith(("/", "*"))
        and not re.search(r"\?\w+=", pattern)
    )


_RULES: tuple[_Rule, ...] = (
    _Rule(
        "status",
        lambda value: value is None or (_is_integer(value) and 200 <= cast("int", value) <= 599),
        "must be from 200 to 599",
    ),
    _Rule(
        "headers",
        _is_headers,
        "must be valid HTTP header names and values, each name once, without Content-Length and"
        " Transfer-Encoding",
    ),
    _Rule("body", _is_body, "must be a string or JSON"),
    _Rule(
        "retry_after",
        lambda value: value is None or _is_seconds(value),
        f"{_SECONDS}; use headers for other values",
    ),
    _Rule(
        "retry_after_form",
        lambda value: value in get_args(RetryAfterForm),
        f"must be one of {', '.join(get_args(RetryAfterForm))}",
    ),
    _Rule("delay", _is_seconds, _SECONDS),
    _Rule("reset", lambda value: value in (None, *get_args(Reset)), 'must be "before" or "after"'),
    _Rule("drip", lambda value: value is None or _is_seconds(value), _SECONDS),
    _Rule(
        "next_style",
        lambda value: value in (None, *get_args(NextStyle)),
        f"must be one of {', '.join(get_args(NextStyle))}",
    ),
    *(
        _Rule(name, lambda value: isinstance(value, bool), "must be True or False")
        for name in ("truncate", "garble", "hang_up", "novelties")
    ),
    _Rule(
        "method",
        lambda value: value is None or (isinstance(value, str) and value.upper() in _METHODS),
        f"must be one of {', '.join(_METHODS)}, or None for all methods",
    ),
    _Rule(
        "path",
        lambda value: value is None or isinstance(value, str),
        "must be a string, or None for all paths",
    ),
    _Rule(
        "path",
        lambda value: value is None or _can_match_paths(cast("str", value)),
        "must start and end with a slash or *, and have no query; otherwise it matches no request",
    ),
    _Rule(
        "times",
        lambda value: value is None or (_is_integer(value) and cast("int", value) >= 1),
        "must be at least 1, or None for no limit",
    ),
    _Rule(
        "probability",
        lambda value: _is_number(value) and 0 <= cast("float", value) <= 1,
        "must be from 0 to 1",
    ),
    _Rule("seed", lambda value: value is None or _is_integer(value), "must be an integer"),
)

# Fields that select requests, and have no effect by themselves.
_CONDITIONS = {"method", "path", "probability", "seed"}

# Fields that change the body of a response.
_OF_BODIES = ("body", "garble", "drip")

# Combinations that would be ignored silently, while a test seems to cover them.
_EXCLUSIONS = (
    _Exclusion(
        "reset",
        (
            *("status", "headers", "body", "retry_after", "truncate", "garble", "drip"),
            *("hang_up", "next_style", "novelties"),
        ),
        "sends no response",
    ),
    _Exclusion("status", ("next_style", "novelties"), "replaces the response of the API"),
    _Exclusion("body", ("next_style", "novelties"), "replaces the body of the API"),
    _Exclusion("truncate", ("hang_up",), "closes the connection already"),
)
