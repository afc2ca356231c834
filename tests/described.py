"""Whether requests and answers are those of the emulator's description."""

from __future__ import annotations

import httpx
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from root.emulator import openapi

_DESCRIPTION = OpenAPI.from_dict(openapi())


def check_request(request: httpx.Request) -> None:
    """Fail if the description does not have such a request."""
    _DESCRIPTION.validate_request(_seen(request))


def check_answer(response: httpx.Response) -> None:
    """Fail if the description does not have such an answer to its request."""
    answer = MockResponse(
        response.content,
        response.status_code,
        dict(response.headers),
        # None is described where nothing comes.
        response.headers.get("Content-Type", ""),
    )
    _DESCRIPTION.validate_response(_seen(response.request), answer)


def _seen(request: httpx.Request) -> MockRequest:
    return MockRequest(
        f"{request.url.scheme}://{request.url.netloc.decode()}",
        request.method,
        request.url.path,
        args=dict(request.url.params),
        headers=dict(request.headers),
        data=request.content,
        content_type=request.headers.get("Content-Type", ""),
    )
