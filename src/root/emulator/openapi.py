"""The OpenAPI document of the API."""

from __future__ import annotations

import json
from importlib import resources

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

__all__ = ["OPENAPI_PATH", "OPENAPI_ROUTE", "openapi"]

OPENAPI_PATH = "/openapi.json"


def openapi() -> dict[str, JsonValue]:
    """Return the description of the API, an OpenAPI 3.1 document."""
    document: dict[str, JsonValue] = json.loads(_read_document())
    return document


def _read_document() -> bytes:
    return resources.files("root.emulator").joinpath("openapi.json").read_bytes()


async def _respond(_: Request) -> Response:
    return Response(_read_document(), media_type="application/json")


OPENAPI_ROUTE = Route(OPENAPI_PATH, _respond, methods=["GET"])
"""Returns the document; no key is required."""
