"""An independent Python SDK for Root Signals (now Scorable): evaluators, judges, logs, models.

```python
from root import RootSignals

# The API key: an argument, ROOTSIGNALS_API_KEY, SCORABLE_API_KEY, or one of them in .env
client = RootSignals()
for model in client.models.list(limit=20):
    print(model.name)
```

Importing this package is fast: each name, and each public module, is imported when it is first
used.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import checks as checks
    from . import client as client
    from . import config as config
    from . import datasets as datasets
    from . import emulator as emulator
    from . import errors as errors
    from . import evaluators as evaluators
    from . import execution_logs as execution_logs
    from . import generated as generated
    from . import judges as judges
    from . import models as models
    from . import objectives as objectives
    from . import progress as progress
    from . import projects as projects
    from . import registry as registry
    from . import skills as skills
    from . import testing as testing
    from . import utils as utils
    from .__about__ import __version__
    from ._async.pager import AsyncPager
    from ._async.stream import AsyncStream
    from ._concurrency.bulk import Progress
    from ._concurrency.mixups import MixupError
    from ._config import NOT_GIVEN, NotGiven, Timeout
    from ._config.deadlines import Deadline, deadline
    from ._http.operation import Operation, Query, Response
    from ._schemas.meta import ResponseMeta
    from ._schemas.pages import Page
    from ._schemas.requests import Body
    from ._sync.pager import Pager
    from ._sync.stream import Stream
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
        MissingKeyError,
        NotFoundError,
        PaginationError,
        PermissionDeniedError,
        RateLimitError,
        RegistryError,
        RootSignalsError,
        ServerError,
        VerificationError,
        WorkFailedError,
    )
    from .models import Model, ModelVerification

__all__ = [
    "NOT_GIVEN",
    "APIConnectionError",
    "APIResponseError",
    "APIStatusError",
    "APITimeoutError",
    "ApplyError",
    "AsyncPager",
    "AsyncRootSignals",
    "AsyncStream",
    "AuthenticationError",
    "BadRequestError",
    "Body",
    "BulkError",
    "ConfigurationError",
    "ConflictError",
    "Deadline",
    "InvalidRequestError",
    "MissingKeyError",
    "MixupError",
    "Model",
    "ModelVerification",
    "NotFoundError",
    "NotGiven",
    "Operation",
    "Page",
    "Pager",
    "PaginationError",
    "PermissionDeniedError",
    "Progress",
    "Query",
    "RateLimitError",
    "RegistryError",
    "Response",
    "ResponseMeta",
    "RootSignals",
    "RootSignalsError",
    "ServerError",
    "Stream",
    "Timeout",
    "VerificationError",
    "WorkFailedError",
    "__version__",
    "deadline",
]


# The modules of the names that are not errors.
_MODULES = {
    "AsyncPager": "._async.pager",
    "AsyncRootSignals": ".client",
    "AsyncStream": "._async.stream",
    "Body": "._schemas.requests",
    "Deadline": "._config.deadlines",
    "MixupError": "._concurrency.mixups",
    "Model": ".models",
    "ModelVerification": ".models",
    "NOT_GIVEN": "._config",
    "NotGiven": "._config",
    "Operation": "._http.operation",
    "Page": "._schemas.pages",
    "Pager": "._sync.pager",
    "Progress": "._concurrency.bulk",
    "Query": "._http.operation",
    "Response": "._http.operation",
    "ResponseMeta": "._schemas.meta",
    "RootSignals": ".client",
    "Stream": "._sync.stream",
    "Timeout": "._config",
    "__version__": ".__about__",
    "deadline": "._config.deadlines",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        from importlib import import_module
        from importlib.util import find_spec

        # A public module, such as `root.errors`.
        if name.startswith("_") or find_spec(f"{__name__}.{name}") is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return import_module(f".{name}", __name__)
    # Without importlib, whose import would take longer than that of a module here.
    module = __name__ + _MODULES.get(name, ".errors")
    __import__(module)
    value: object = getattr(sys.modules[module], name)
    # Stored, so that this function is called only once for each name.
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
