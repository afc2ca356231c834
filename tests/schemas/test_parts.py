"""Lists within the objects of responses: a wrong one costs no more than a right one."""

from __future__ import annotations

import json
import typing
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Union, get_args, get_origin

import pytest
from pydantic import FailFast, ValidationError

from root._http.large import parse_large
from root._http.messages import RawResponse
from root._http.parsing import UnreadableError
from root._schemas.base import APIModel
from root._schemas.pages import list_response
from root.judges import Judge

JUDGE = {"id": "9b2f", "name": "a", "intent": "b"}


def subclasses(kind: type[APIModel]) -> Iterator[type[APIModel]]:
    """Return all classes of objects of responses."""
    for one in kind.__subclasses__():
        yield one
        yield from subclasses(one)


def lists_without_bound(annotation: object) -> bool:
    """Return whether a list in an annotation collects an error for each element."""
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        if get_origin(inner) is list and any(isinstance(one, FailFast) for one in metadata):
            return False
        return lists_without_bound(inner)
    if get_origin(annotation) in (Union, UnionType):
        return any(map(lists_without_bound, get_args(annotation)))
    return get_origin(annotation) is list


def test_all_lists_end_at_the_first_wrong_element() -> None:
    """No class of the package has a list that collects an error for each element."""
    found = {
        f"{kind.__name__}.{name}"
        for kind in subclasses(APIModel)
        if kind.__module__.startswith("root.") and "[" not in kind.__name__
        for name, annotation in typing.get_type_hints(kind, include_extras=True).items()
        if name in kind.model_fields and lists_without_bound(annotation)
    }

    assert found == set()


def test_one_error() -> None:
    """A list of wrong elements is one error."""
    with pytest.raises(ValidationError) as error:
        Judge.model_validate(JUDGE | {"evaluators": [{}] * 1000})

    assert error.value.error_count() == 1


@pytest.mark.parametrize("element", [{}, {"id": "a", "name": "b"}])
def test_too_many_values(element: dict[str, str]) -> None:
    """An object with more values than any legitimate one is refused before it is validated."""
    judge = JUDGE | {"evaluators": [element] * 30_000}
    page = {"next": None, "results": [JUDGE, judge]}

    for schema, body in ((Judge, judge), (list_response(Judge), page)):
        response = RawResponse(200, [], json.dumps(body).encode())
        with pytest.raises(UnreadableError, match="too many values in one object"):
            parse_large(schema, response, ())
