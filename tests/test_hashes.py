"""What is frozen has a hash, also if it contains lists and dicts."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from root import Operation, Response
from root._schemas.pages import list_response
from root.emulator import Fault, RecordedRequest
from root.models import Model, ModelVerification, Page
from tests.schemas.examples import LISTED, META, parse_model

VERIFICATION = {"success": True, "usage": {"total": [1, {"a": None}]}, "novel": {"b": [2]}}

FROZEN: list[Callable[[], object]] = [
    lambda: parse_model(**LISTED),
    lambda: ModelVerification.model_validate(VERIFICATION),
    lambda: list_response(Model).model_validate({"results": [LISTED]}),
    lambda: META,
    lambda: Page([parse_model(**LISTED)], None, META),
    lambda: Operation("GET", "/v1/models/", Model, query={"a": ["b"]}, headers={"c": "d"}),
    lambda: Response({"a": [1]}, META),
    lambda: Fault(status=503, headers={"a": "b"}, body={"c": [1]}),
    lambda: RecordedRequest(
        1, datetime(2026, 1, 1, tzinfo=UTC), "POST", "/", {"a": "b"}, {}, {"c": [1]}, 200, "d", {}
    ),
]


@pytest.mark.parametrize("make", FROZEN, ids=lambda make: type(make()).__name__)
def test_hash(make: Callable[[], object]) -> None:
    """Equal objects have the same hash, so a set contains one of them."""
    assert len({make(), make(), copy.deepcopy(make())}) == 1


def test_different_objects() -> None:
    """A set contains objects that differ in a list or a dict."""
    other = {**VERIFICATION, "usage": {"total": [2]}}
    assert len({ModelVerification.model_validate(one) for one in (VERIFICATION, other)}) == 2
