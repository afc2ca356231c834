"""Settings of a client, resolved with defaults for what a test does not pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from root._config import NOT_GIVEN
from root._config.config import Config, changed, resolve

__all__ = ["KEY", "change_settings", "resolve_settings", "write_dotenv"]

KEY = "key-of-the-argument"

# Many tests pass values of a wrong type.
Setting = Any


def resolve_settings(**given: Setting) -> Config:
    """Return the settings of a client with these arguments."""
    defaults: dict[str, Setting] = {
        "api_key": KEY,
        "base_url": None,
        "timeout": 30.0,
        "deadline": None,
        "max_retries": 2,
        "max_connections": 100,
        "max_response_bytes": None,
        "default_headers": None,
    }
    return resolve(**{**defaults, **given})


def change_settings(config: Config, **given: Setting) -> Config:
    """Return the settings of a copy of a client with these options."""
    unchanged: dict[str, Setting] = dict.fromkeys(
        ("timeout", "deadline", "max_retries", "default_headers", "api_key"), NOT_GIVEN
    )
    return changed(config, **{**unchanged, **given})


def write_dotenv(text: str | bytes) -> None:
    Path(".env").write_bytes(text if isinstance(text, bytes) else text.encode())
