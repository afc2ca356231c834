"""The names of the old SDK's generated async client."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .exceptions import (
    ApiAttributeError,
    ApiException,
    ApiKeyError,
    ApiTypeError,
    ApiValueError,
    OpenApiException,
)

if TYPE_CHECKING:
    from root.client import RootSignals as ApiClient

__all__ = [
    "ApiAttributeError",
    "ApiClient",
    "ApiException",
    "ApiKeyError",
    "ApiTypeError",
    "ApiValueError",
    "OpenApiException",
]

if not TYPE_CHECKING:
    from .._names import names_of

    __getattr__: Callable[[str], object] = names_of(__name__)
