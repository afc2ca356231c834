"""What is wrong with the fields of requests: in words of this package, not in pydantic's."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import root._schemas
from root._schemas.requests import RequestModel, json_body
from root.errors import InvalidRequestError

VALUES: list[object] = [
    *(5, -1, True, 1.5, -2.5, float("nan"), float("inf"), b"abc", "", "a", "ab" * 600_000),
    *("\ud800", None, object(), [], [5], [None], [{}], [[5]], [["a"]], ["a"] * 100, ["a" * 5000]),
    *({}, {5: 5}, {"a": 5}, {"a": object()}, (1,), {1}, [[5, 5]], [{"name": 5}], [{"score": 5}]),
    *([{"role": 5}], [{"a": 5}], {"temperature": 5}, {"temperature": "a"}),
]


def request_models(base: type[RequestModel] = RequestModel) -> Iterator[type[RequestModel]]:
    """Yield all schemas of requests."""
    for module in pkgutil.iter_modules(root._schemas.__path__):
        importlib.import_module(f"root._schemas.{module.name}")
    for kind in base.__subclasses__():
        if kind.__module__.startswith("root."):
            yield kind
        yield from request_models(kind)


FIELDS = {
    f"{schema.__name__}.{name}": (schema, name)
    for schema in request_models()
    for name in schema.model_fields
}


@pytest.mark.parametrize(("schema", "name"), FIELDS.values(), ids=FIELDS)
def test_words(schema: type[RequestModel], name: str) -> None:
    """No value of a field gives a message in pydantic's words."""
    for value in VALUES:
        try:
            json_body(schema, ..., **{name: value})
        except InvalidRequestError as error:
            message = str(error)
        else:
            continue
        assert not re.search(r"should|validation|is invalid|Value error", message)


def test_numbers_of_items() -> None:
    """A list that is too long or empty has its limit in the message."""
    from root._schemas.execution_logs import LogTags

    with pytest.raises(InvalidRequestError) as error:
        json_body(LogTags, ..., log_ids=[], tags=["a"] * 16)
    assert str(error.value) == (
        "Nothing was sent. log_ids must not be empty. tags must have at most 15 items."
    )
