"""API keys: the organizations they belong to, their permissions and their rate limits."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, cast, get_args

__all__ = ["Account", "KeyRegistry", "KeyState"]

KeyState: TypeAlias = Literal["active", "read-only", "revoked"]
"""The permissions of a key: all requests, reading requests only, or none."""

# Django REST Framework compares the first letter only, and so reads a month as a minute.
_PERIODS = {
    **dict.fromkeys(("s", "sec", "second"), 1),
    **dict.fromkeys(("m", "min", "minute"), 60),
    **dict.fromkeys(("h", "hour"), 3600),
    **dict.fromkeys(("d", "day"), 86400),
}


@dataclass(slots=True)
class Account:
    """The account that an API key authenticates.

    Attributes:
        organization: The organization whose resources the key can read and change.
        email: The e-mail address shown as the owner of what the key creates.
        full_name: The name shown as the owner.
        state: The permissions of the key.
        rate_limit: Maximum number of requests and the period in seconds, or None for no limit.
    """

    organization: str
    email: str
    full_name: str
    state: KeyState = "active"
    rate_limit: tuple[int, int] | None = None
    _timestamps: deque[float] = field(default_factory=deque[float], repr=False)

    def count_request(self, now: float) -> float | None:
        """Count a request, or return the seconds until the rate limit allows the next one."""
        if self.rate_limit is None:
            return None
        limit, period = self.rate_limit
        while self._timestamps and self._timestamps[0] <= now - period:
            self._timestamps.popleft()
        if len(self._timestamps) < limit:
            self._timestamps.append(now)
            return None
        return period - (now - self._timestamps[len(self._timestamps) - limit])


class KeyRegistry:
    """The API keys that the emulator accepts."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Create an empty registry.

        Args:
            clock: Returns the time in seconds, for rate limits.
        """
        self.clock = clock
        self._accounts: dict[str, Account] = {}

    def authenticate(self, key: str) -> Account | None:
        """Return the account of a key, or None if the key is unknown or revoked."""
        account = self._accounts.get(key)
        return None if account is None or account.state == "revoked" else account

    def all(self) -> tuple[str, ...]:
        """Return all keys, revoked ones included."""
        return tuple(self._accounts)

    def get(self, key: str) -> Account:
        """Return the account of a key, also if the key is revoked.

        Raises:
            ValueError: The key is unknown.
        """
        account = self._accounts.get(key)
        if account is None:
            raise ValueError("Unknown API key. Add the key first.")
        return account

    def add(
        self,
        key: str | None,
        *,
        organization: str | None = None,
        email: str | None = None,
        full_name: str = "Emulator user",
        state: KeyState = "active",
        rate_limit: str | None = None,
    ) -> str:
        """Add a key and return it; the arguments are those of `Server.add_key`.

        Raises:
            TypeError: An argument is not a string.
            ValueError: An argument is invalid, or the key exists already.
        """
        key = validate_key(key)
        if key in self._accounts:
            raise ValueError("This API key exists already. Change it instead of adding it.")
        # The organization is stored with its resources; a key is never stored.
        digest = hashlib.sha256(key.encode()).hexdigest()
        self._accounts[key] = Account(
            digest if organization is None else _non_blank("organization", organization),
            f"{digest[:8]}@emulator.invalid" if email is None else _non_blank("email", email),
            _string("full_name", full_name),
            validate_state(state),
            parse_rate_limit(rate_limit),
        )
        return key

    def change(self, key: str, *, state: KeyState | None, rate_limit: str | None) -> None:
        """Change a key; None keeps a value, and an empty `rate_limit` removes the limit.

        Raises:
            ValueError: The key is unknown, or an argument is invalid.
        """
        account = self.get(key)
        if state is not None:
            account.state = validate_state(state)
        if rate_limit is not None:
            account.rate_limit = parse_rate_limit(rate_limit or None)

    def reset(self, key: str) -> None:
        """Remove all keys except this one, and restore its initial state."""
        account = self._accounts[key]
        self._accounts = {
            key: Account(account.organization, account.email, account.full_name),
        }


def validate_key(key: str | None) -> str:
    """Return the key, or a new random one for None.

    Raises:
        TypeError: The key is not a string.
        ValueError: The key is empty or has characters that are not allowed in a header.
    """
    if key is None:
        return f"rs-emulator-{secrets.token_hex(16)}"
    if not isinstance(cast("object", key), str):
        raise TypeError(f"A key must be a string, not {type(key).__name__}.")
    if not re.fullmatch(r"[!-~]+", key):
        raise ValueError(
            "A key must have at least one character, and printable ASCII characters without"
            " spaces only."
        )
    return key


def validate_state(state: str) -> KeyState:
    """Return the state of a key.

    Raises:
        ValueError: The state is unknown.
    """
    if state not in get_args(KeyState):
        raise ValueError(f"The state of a key must be one of {', '.join(get_args(KeyState))}.")
    return state  # type: ignore[return-value]  # mypy does not narrow by get_args


def parse_rate_limit(limit: str | None) -> tuple[int, int] | None:
    """Parse a limit such as `10/second`, in the format of Django REST Framework.

    Raises:
        TypeError: The limit is not a string.
        ValueError: The limit has another format.
    """
    if limit is None:
        return None
    found = re.fullmatch(r"([1-9]\d*)/([a-z]+)", _string("rate_limit", limit))
    if found is None or found[2] not in _PERIODS:
        raise ValueError(
            "A rate limit must have a format like 10/second, 100/minute, 1000/hour or 5/day,"
            f" not {limit!r}."
        )
    return int(found[1]), _PERIODS[found[2]]


def _string(name: str, value: str) -> str:
    if not isinstance(cast("object", value), str):
        raise TypeError(f"{name} must be a string, not {value!r}.")
    return value


def _non_blank(name: str, value: str) -> str:
    if not _string(name, value).strip():
        raise ValueError(f"{name} must not be blank. Omit it to use a generated value.")
    return value
