"""Who may ask: keys, the organisations that they act for, and how often each may."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, cast, get_args

__all__ = ["Account", "Accounts", "KeyState"]

KeyState: TypeAlias = Literal["active", "read-only", "revoked"]
"""What a key may do: everything, look only, or nothing any more."""

# Django REST Framework looks at the first letter alone, and takes a month for a minute.
_PERIODS = {
    **dict.fromkeys(("s", "sec", "second"), 1),
    **dict.fromkeys(("m", "min", "minute"), 60),
    **dict.fromkeys(("h", "hour"), 3600),
    **dict.fromkeys(("d", "day"), 86400),
}


@dataclass(slots=True)
class Account:
    """A key's side of the service.

    Attributes:
        organisation: Whose models it sees and manages.
        email: Who is shown as the owner of what it creates.
        full_name: The owner's name.
        state: What it may do.
        rate: How many requests it may make in how many seconds, or None for any number.
    """

    organisation: str
    email: str
    full_name: str
    state: KeyState = "active"
    rate: tuple[int, int] | None = None
    _made: deque[float] = field(default_factory=deque[float], repr=False)

    def wait(self, now: float) -> float | None:
        """Count a request made now, or return the seconds until one may be made."""
        if self.rate is None:
            return None
        most, period = self.rate
        while self._made and self._made[0] <= now - period:
            self._made.popleft()
        if len(self._made) < most:
            self._made.append(now)
            return None
        return period - (now - self._made[len(self._made) - most])


class Accounts:
    """All keys that the service knows."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Take the clock, in seconds, by which requests are counted; there is no key yet."""
        self.clock = clock
        self._by_key: dict[str, Account] = {}

    def find(self, key: str) -> Account | None:
        """Return the account of a key that may still ask."""
        account = self._by_key.get(key)
        return None if account is None or account.state == "revoked" else account

    def keys(self) -> tuple[str, ...]:
        """Return all keys, whatever their state."""
        return tuple(self._by_key)

    def of(self, key: str) -> Account:
        """Return the account of a key, whatever its state.

        Raises:
            ValueError: There is no such key.
        """
        account = self._by_key.get(key)
        if account is None:
            raise ValueError("There is no such key here. It has to be added first.")
        return account

    def add(
        self,
        key: str | None,
        *,
        organisation: str | None = None,
        email: str | None = None,
        full_name: str = "Emulator user",
        state: KeyState = "active",
        rate_limit: str | None = None,
    ) -> str:
        """Let a key in and return it; the arguments are those of `Server.add_key`.

        Raises:
            TypeError: An argument is no text.
            ValueError: An argument cannot be right.
        """
        key = valid_key(key)
        if key in self._by_key:
            raise ValueError("This key is here already. What it may do can be changed.")
        # An organisation is stored with the models, and a key never is.
        name = hashlib.sha256(key.encode()).hexdigest()
        self._by_key[key] = Account(
            name if organisation is None else _not_blank("organisation", organisation),
            f"{name[:8]}@emulator.invalid" if email is None else _not_blank("email", email),
            _text("full_name", full_name),
            valid_state(state),
            rate_of(rate_limit),
        )
        return key

    def change(self, key: str, *, state: KeyState | None, rate_limit: str | None) -> None:
        """Change what a key may do; None leaves it as it is, and an empty limit ends it.

        Raises:
            ValueError: There is no such key, or an argument cannot be right.
        """
        account = self.of(key)
        if state is not None:
            account.state = valid_state(state)
        if rate_limit is not None:
            account.rate = rate_of(rate_limit or None)

    def forget_all_but(self, key: str) -> None:
        """Forget all keys but this one, which is as it was at the beginning."""
        account = self._by_key[key]
        self._by_key = {
            key: Account(account.organisation, account.email, account.full_name),
        }


def valid_key(key: str | None) -> str:
    """Return the key, a new one for None.

    Raises:
        TypeError: It is no text.
        ValueError: It is empty or has characters that no header takes.
    """
    if key is None:
        return f"rs-emulator-{secrets.token_hex(16)}"
    if not isinstance(cast("object", key), str):
        raise TypeError(f"A key is text, and no {type(key).__name__}.")
    if not re.fullmatch(r"[!-~]+", key):
        raise ValueError("An API key has at least one character, all printable ASCII, no space.")
    return key


def valid_state(state: str) -> KeyState:
    """Return the state of a key.

    Raises:
        ValueError: It is none.
    """
    if state not in get_args(KeyState):
        raise ValueError(f"The state of a key is one of {', '.join(get_args(KeyState))}.")
    return state  # type: ignore[return-value]  # mypy does not narrow by get_args


def rate_of(limit: str | None) -> tuple[int, int] | None:
    """Read a limit such as `10/second`, in the form that Django REST Framework has it.

    Raises:
        TypeError: It is no text.
        ValueError: It has another form.
    """
    if limit is None:
        return None
    found = re.fullmatch(r"([1-9]\d*)/([a-z]+)", _text("rate_limit", limit))
    if found is None or found[2] not in _PERIODS:
        raise ValueError(
            f"A rate limit is written like 10/second, 100/minute, 1000/hour or 5/day,"
            f" not {limit!r}."
        )
    return int(found[1]), _PERIODS[found[2]]


def _text(name: str, value: str) -> str:
    if not isinstance(cast("object", value), str):
        raise TypeError(f"{name} is text, not {value!r}.")
    return value


def _not_blank(name: str, value: str) -> str:
    if not _text(name, value).strip():
        raise ValueError(f"{name} is not blank. Leave it out, and the key has one of its own.")
    return value
