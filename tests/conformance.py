"""Check that requests and responses conform to the OpenAPI description of the emulator."""

from __future__ import annotations

import json

import httpx
from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from root.emulator import openapi

_DESCRIPTION = OpenAPI.from_dict(
    openapi(),
    config=Config(extra_media_type_deserializers={"application/problem+json": json.loads}),
)


def check_request(request: httpx.Request) -> None:
    """Fail if the description has no such request."""
    _DESCRIPTION.validate_request(_mock(request))


def check_response(response: httpx.Response, description: OpenAPI = _DESCRIPTION) -> None:
    """Fail if the description has no such response to its request."""
    described = MockResponse(
        response.content,
        response.status_code,
        dict(response.headers),
        # A response without a body has none.
        response.headers.get("Content-Type", ""),
    )
    description.validate_response(_mock(response.request), described)


def _mock(request: httpx.Request) -> MockRequest:
    return MockRequest(
        f"{request.url.scheme}://{request.url.netloc.decode()}",
        request.method,
        request.url.path,
        args=dict(request.url.params),
        headers=dict(request.headers),
        data=request.content,
        content_type=request.headers.get("Content-Type", ""),
    )
