"""The Python SDK of Root Signals (now Scorable).

```python
from root import RootSignals

client = RootSignals()  # the key: argument, ROOTSIGNALS_API_KEY, .env
for model in client.models.list(limit=20):
    print(model.name)
```

Importing this package loads next to nothing; each name is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .__about__ import __version__

if TYPE_CHECKING:
    from .client import AsyncRootSignals, RootSignals
    from .errors import (
        APIConnectionError,
        APIResponseError,
        APIStatusError,
        APITimeoutError,
        ApplyError,
        AuthenticationError,
        BadRequestError,
        BulkError,
        ConfigurationError,
        ConflictError,
        InvalidRequestError,
        NotFoundError,
        PaginationError,
        PermissionDeniedError,
        RateLimitError,
        RegistryError,
        RootSignalsError,
        ServerError,
        VerificationError,
    )
    from .models import Model, ModelVerification

__all__ = [
    "APIConnectionError",
    "APIResponseError",
    "APIStatusError",
    "APITimeoutError",
    "ApplyError",
    "AsyncRootSignals",
    "AuthenticationError",
    "BadRequestError",
    "BulkError",
    "ConfigurationError",
    "ConflictError",
    "InvalidRequestError",
    "Model",
    "ModelVerification",
    "NotFoundError",
    "PaginationError",
    "PermissionDeniedError",
    "RateLimitError",
    "RegistryError",
    "RootSignals",
    "RootSignalsError",
    "ServerError",
    "VerificationError",
    "__version__",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    rooms = {"AsyncRootSignals": ".client", "RootSignals": ".client"}
    rooms |= {"Model": ".models", "ModelVerification": ".models"}
    value: object = getattr(import_module(rooms.get(name, ".errors"), __name__), name)
    # Kept, so that this is asked but once.
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
