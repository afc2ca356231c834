"""All about models, by name: the resource, what it returns, and what it is told."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, TypeVar

from ._async.models import AsyncModels
from ._async.pager import AsyncPager
from ._bulk import Progress
from ._defaults import NOT_GIVEN, NotGiven
from ._http import ResponseMeta
from ._schemas import (
    Model,
    ModelSettings,
    ModelVerification,
    Owner,
    Page,
    Provider,
    VerifySettings,
    Visibility,
)
from ._sync import models as _sync
from ._sync.pager import Pager

if TYPE_CHECKING:
    from ._async.plans import AsyncPlan
    from ._plans import ApplyResult, Change, FieldChange
    from ._sync.plans import Plan
    from .client import RootSignals

__all__ = [
    "NOT_GIVEN",
    "ApplyResult",
    "AsyncModels",
    "AsyncPager",
    "AsyncPlan",
    "Change",
    "FieldChange",
    "Model",
    "ModelSettings",
    "ModelVerification",
    "Models",
    "NotGiven",
    "Owner",
    "Page",
    "Pager",
    "Plan",
    "Progress",
    "Provider",
    "ResponseMeta",
    "VerifySettings",
    "Visibility",
]


def __getattr__(name: str) -> object:
    # Few programs make plans, so what they are made of is loaded when it is first used.
    rooms = {"AsyncPlan": "._async.plans", "Plan": "._sync.plans"}
    rooms |= dict.fromkeys(("ApplyResult", "Change", "FieldChange"), "._plans")
    if name not in rooms:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(rooms[name], __package__), name)
    globals()[name] = value
    return value


P = ParamSpec("P")
R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., object])


def _twin(
    method: Callable[Concatenate[AsyncModels, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[Models, P], Coroutine[Any, Any, R]]:
    """Return a method of `Models` that is the one of `AsyncModels`, on the same client."""

    # A coroutine function itself, so that mocks and Dask know it for what it is.
    @wraps(method)
    async def twin(self: Models, *args: P.args, **kwargs: P.kwargs) -> R:
        # A method of the class, if written outside of it.
        return await method(self._async_models, *args, **kwargs)  # pyright: ignore[reportPrivateUsage]

    return _named(twin)  # type: ignore[return-value]  # mypy cannot see that self goes first


def _listing_twin(
    method: Callable[Concatenate[AsyncModels, P], AsyncPager],
) -> Callable[Concatenate[Models, P], AsyncPager]:
    """Do the same for a method that returns what is iterated, and is not awaited."""

    @wraps(method)
    def twin(self: Models, *args: P.args, **kwargs: P.kwargs) -> AsyncPager:
        return method(self._async_models, *args, **kwargs)  # pyright: ignore[reportPrivateUsage]

    return _named(twin)  # type: ignore[return-value]  # as above


def _named(twin: F) -> F:
    """Give a twin its own name, by which pickles find it."""
    twin.__name__ = f"a{twin.__name__}"
    twin.__qualname__ = f"Models.{twin.__name__}"
    twin.__module__ = __name__
    return twin


class Models(_sync.Models):
    """The models that evaluations run on; `client.models` is one of these.

    Each method has a twin with the prefix `a`, which is to be awaited (`alist` is iterated with
    `async for`) and is the same in everything else.

    Every method raises `APIConnectionError`, `APIStatusError` and `APIResponseError` as
    `root.errors` explains, and `InvalidRequestError` for what the API would refuse anyhow,
    before anything is sent. `_request_timeout` is the seconds that the whole call may take, all
    attempts and waits together, instead of the client's `deadline`.
    """

    def __init__(self, client: RootSignals, async_models: AsyncModels) -> None:
        super().__init__(client)
        self._async_models = async_models

    acreate: Final = _twin(AsyncModels.create)
    alist: Final = _listing_twin(AsyncModels.list)
    aretrieve: Final = _twin(AsyncModels.retrieve)
    aupdate: Final = _twin(AsyncModels.update)
    areplace: Final = _twin(AsyncModels.replace)
    adelete: Final = _twin(AsyncModels.delete)
    averify: Final = _twin(AsyncModels.verify)
    acreate_many: Final = _twin(AsyncModels.create_many)
    averify_many: Final = _twin(AsyncModels.verify_many)
    adelete_many: Final = _twin(AsyncModels.delete_many)
    aplan: Final = _twin(AsyncModels.plan)
    aensure: Final = _twin(AsyncModels.ensure)
    aexport: Final = _twin(AsyncModels.export)
