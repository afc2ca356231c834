"""The errors of this package, by the names that they have in the old SDK's generated code."""

from __future__ import annotations

from collections.abc import Sequence

from root.errors import APIStatusError as ApiException
from root.errors import AuthenticationError as UnauthorizedException
from root.errors import BadRequestError as BadRequestException
from root.errors import InvalidRequestError as ApiValueError
from root.errors import NotFoundError as NotFoundException
from root.errors import PermissionDeniedError as ForbiddenException
from root.errors import RootSignalsError as OpenApiException
from root.errors import ServerError as ServiceException
from root.errors import placed

__all__ = [
    "ApiAttributeError",
    "ApiException",
    "ApiKeyError",
    "ApiTypeError",
    "ApiValueError",
    "BadRequestException",
    "ForbiddenException",
    "NotFoundException",
    "OpenApiException",
    "ServiceException",
    "UnauthorizedException",
]


class _PlacedError(OpenApiException):
    """An error with the place in the data that it concerns."""

    path_to_item: Sequence[str | int] | None

    def __init__(self, msg: object, path_to_item: Sequence[str | int] | None = None) -> None:
        super().__init__(*placed((msg,), path_to_item))
        self.path_to_item = path_to_item


class ApiTypeError(_PlacedError, TypeError):
    """An error of the old SDK, which this package does not raise."""

    valid_classes: tuple[type[object], ...] | None
    key_type: bool | None

    def __init__(
        self,
        msg: object,
        path_to_item: Sequence[str | int] | None = None,
        valid_classes: tuple[type[object], ...] | None = None,
        key_type: bool | None = None,
    ) -> None:
        super().__init__(msg, path_to_item)
        self.valid_classes = valid_classes
        self.key_type = key_type


class ApiAttributeError(_PlacedError, AttributeError):
    """An error of the old SDK, which this package does not raise."""


class ApiKeyError(_PlacedError, KeyError):
    """An error of the old SDK, which this package does not raise."""
