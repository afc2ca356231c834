"""Responses to errors of the service."""

from __future__ import annotations

import logging
from math import ceil

from django.http import HttpRequest, JsonResponse
from django.utils.deprecation import MiddlewareMixin

from root import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    RateLimitError,
    RootSignalsError,
)

logger = logging.getLogger(__name__)


class RootSignalsErrors(MiddlewareMixin):
    """Responds to an error of the service; its message is for the log, not for the caller."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> JsonResponse | None:
        """Return the response, or None for other errors."""
        if not isinstance(exception, RootSignalsError):
            return None
        logger.error("%s failed: %s", request.path, exception)
        if isinstance(exception, APITimeoutError):
            status = 504
        elif isinstance(exception, APIConnectionError | RateLimitError):
            status = 503
        else:
            status = 502
        response = JsonResponse({"detail": "The evaluation failed."}, status=status)
        if isinstance(exception, APIStatusError) and exception.retry_after is not None:
            response["Retry-After"] = str(ceil(exception.retry_after))
        return response
