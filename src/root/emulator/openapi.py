"""What the API takes and answers, as an OpenAPI document that other programs can read."""

from __future__ import annotations

import json
from importlib import resources

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

__all__ = ["DESCRIPTION", "PATH", "openapi"]

PATH = "/openapi.json"


def openapi() -> dict[str, JsonValue]:
    """Return the description of the API, an OpenAPI 3.1 document."""
    content: dict[str, JsonValue] = json.loads(_read())
    return content


def _read() -> bytes:
    return resources.files("root.emulator").joinpath("openapi.json").read_bytes()


async def _answer(_: Request) -> Response:
    return Response(_read(), media_type="application/json")


DESCRIPTION = Route(PATH, _answer, methods=["GET"])
"""Answers with the description, to whoever asks."""
