"""The models that evaluations run on: the resource, its arguments and its results."""

from __future__ import annotations

from builtins import list as List
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Literal, overload
from uuid import UUID

from ._accessor import Accessor, lazy, twin
from ._concurrency.bulk import Progress
from ._config import NOT_GIVEN, NotGiven
from ._config.deadlines import Deadline
from ._schemas.meta import ResponseMeta
from ._schemas.models import (
    Model,
    ModelSettings,
    ModelVerification,
    Owner,
    Provider,
    VerifySettings,
    Visibility,
)
from ._schemas.pages import Page
from ._secrets.secret import as_secret, hidden
from ._sync.pager import Pager
from ._sync.resources import models as _sync
from .errors import RootSignalsError

if TYPE_CHECKING:
    from ._async.pager import AsyncPager
    from ._async.plans import AsyncPlan
    from ._async.resources.models import AsyncModels
    from ._changes import ApplyResult, Change, FieldChange
    from ._sync.plans import Plan
    from ._twins import TwinSender

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


# What not every program needs is imported on first use.
__getattr__: Callable[[str], object] = lazy(
    globals(),
    {
        "._async.pager": ("AsyncPager",),
        "._async.plans": ("AsyncPlan",),
        "._async.resources.models": ("AsyncModels",),
        "._changes": ("ApplyResult", "Change", "FieldChange"),
        "._sync.plans": ("Plan",),
    },
)


class Models(_sync.Models):
    """The models that evaluations run on; `client.models` is an instance.

    Each method has a twin with the prefix `a`, which is awaited (`alist` is iterated with
    `async for`) and is the same otherwise.

    All methods raise `APIConnectionError`, `APIStatusError` and `APIResponseError` as described in
    `root.errors`, and `InvalidRequestError` for what the API would reject, before anything is
    sent. `_request_timeout` is the seconds for the whole call, with all attempts and waits, or
    a `root.Deadline`; it shortens the client's `deadline`, and does not extend it.
    """

    # Generated twins of AsyncModels in _async/resources/models.py. Do not edit.

    def __init__(self, client: TwinSender) -> None:
        super().__init__(client)
        self._whole = client

    _async: Accessor[AsyncModels] = Accessor("root._async.resources.models", "AsyncModels", twin)

    async def acreate(
        self,
        *,
        name: str,
        model: str | None = None,
        default_key: str | None = None,
        max_output_token_count: int | None = None,
        max_token_count: int | None = None,
        url: str | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> str:
        """Register a model and return its ID.

        Args:
            name: Your name for it, such as `ollama/llama3`; 1 to 100 characters.
            model: The underlying model. If omitted, the service uses `name`.
            default_key: The API key for the model's provider. It cannot be read back.
            max_output_token_count: Maximum number of tokens of one completion, at least 800.
            max_token_count: Maximum number of tokens of its context.
            url: Where it is served; at most 1024 characters.
        """
        default_key = as_secret(default_key)
        return await self._async.create(
            name=name,
            model=model,
            default_key=default_key,
            max_output_token_count=max_output_token_count,
            max_token_count=max_token_count,
            url=url,
            _request_timeout=_request_timeout,
        )

    def alist(
        self,
        *,
        capable_of: List[str] | None = None,
        limit: int | None = 100,
        page_size: int | None = None,
        ordering: str | None = None,
        cursor: str | None = None,
        prefetch: bool = False,
        details: bool = False,
        concurrency: int = 8,
        _request_timeout: float | Deadline | None = None,
    ) -> AsyncPager[Model]:
        """Return an iterator over models: your own and public ones.

        Nothing is requested before the first item is needed, and nothing after you stop (except
        for one page with `prefetch`).

        Args:
            capable_of: List only models that have all of these capabilities; recent servers
                ignore it.
            limit: Maximum number of models, or None for all.
            page_size: Number of models of a page; the service limits it, usually to 100.
            ordering: The field to sort by, with a leading minus for descending order.
            cursor: Where to continue: the `.cursor` of an earlier listing, or of its error. None
                is the start, and an empty string the end.
            prefetch: Whether to request the next page while you use this one; never more than one
                page ahead, and never beyond `limit`. It has no effect where nothing can run in
                the background.
            details: Whether to retrieve each model: a listing has no `model`, `url` and token
                counts. One that is deleted meanwhile is left out.
            concurrency: Maximum number of models that are retrieved concurrently.
            _request_timeout: Seconds for each page and each model, or a `root.Deadline` for all
                of them.

        Raises:
            PaginationError: While iterating, if a cursor repeats, or the next page has none.
        """
        return self._async.list(
            capable_of=capable_of,
            limit=limit,
            page_size=page_size,
            ordering=ordering,
            cursor=cursor,
            prefetch=prefetch,
            details=details,
            concurrency=concurrency,
            _request_timeout=_request_timeout,
        )

    async def aretrieve(
        self, model_id: str | UUID, *, _request_timeout: float | Deadline | None = None
    ) -> Model:
        """Retrieve a model by its ID."""
        return await self._async.retrieve(model_id, _request_timeout=_request_timeout)

    async def aupdate(
        self,
        model_id: str | UUID,
        *,
        name: str | NotGiven = NOT_GIVEN,
        model: str | NotGiven = NOT_GIVEN,
        default_key: str | NotGiven | None = NOT_GIVEN,
        max_output_token_count: int | NotGiven = NOT_GIVEN,
        max_token_count: int | NotGiven | None = NOT_GIVEN,
        url: str | NotGiven | None = NOT_GIVEN,
        _request_timeout: float | Deadline | None = None,
    ) -> Model:
        """Update some fields of a model and return it.

        Omitted fields keep their values, and None clears a field. The arguments are those of
        `create`; `name`, `model` and `max_output_token_count` cannot be cleared.
        """
        default_key = as_secret(default_key)
        return await self._async.update(
            model_id,
            name=name,
            model=model,
            default_key=default_key,
            max_output_token_count=max_output_token_count,
            max_token_count=max_token_count,
            url=url,
            _request_timeout=_request_timeout,
        )

    async def areplace(
        self,
        model_id: str | UUID,
        *,
        name: str,
        model: str | None = None,
        default_key: str | None = None,
        max_output_token_count: int | None = None,
        max_token_count: int | None = None,
        url: str | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> Model:
        """Replace all settings of a model (PUT) and return it.

        The arguments are those of `create`. Omitted fields are not sent; the service decides
        whether they keep their values.
        """
        default_key = as_secret(default_key)
        return await self._async.replace(
            model_id,
            name=name,
            model=model,
            default_key=default_key,
            max_output_token_count=max_output_token_count,
            max_token_count=max_token_count,
            url=url,
            _request_timeout=_request_timeout,
        )

    async def adelete(
        self, model_id: str | UUID, *, _request_timeout: float | Deadline | None = None
    ) -> None:
        """Delete one of your models."""
        return await self._async.delete(model_id, _request_timeout=_request_timeout)

    async def averify(
        self,
        *,
        model: str,
        api_key: str | None = None,
        url: str | None = None,
        max_output_token_count: int | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> ModelVerification:
        """Verify a model's configuration: the service tries it, and returns the result.

        A configuration that does not work is a result too: check `.success` or call
        `.raise_for_failure()`. The service waits for the model, so an attempt may take 120 seconds
        if the client's `timeout` is the default of 30. It is retried only if the service did not
        receive the request or refused to process it.

        Args:
            model: The underlying model.
            api_key: The API key for the model's provider.
            url: Where it is served.
            max_output_token_count: Maximum number of tokens of one completion, at least 800.
        """
        api_key = as_secret(api_key)
        return await self._async.verify(
            model=model,
            api_key=api_key,
            url=url,
            max_output_token_count=max_output_token_count,
            _request_timeout=_request_timeout,
        )

    @overload
    async def aretrieve_many(
        self,
        ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["raise"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[Model]: ...

    @overload
    async def aretrieve_many(
        self,
        ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["collect"],
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[Model | RootSignalsError]: ...

    async def aretrieve_many(
        self,
        ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["raise", "collect"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[Model] | List[Model | RootSignalsError]:
        """Retrieve many objects concurrently, and return them in the order of their IDs.

        Args:
            ids: Their IDs. All are validated before anything is sent.
            concurrency: Maximum number of concurrent calls.
            errors: With "raise", no more calls are started after a failure, and an error is raised
                when those in progress have ended. With "collect", all calls are made, and an error
                takes the place of an object in the result: a `NotFoundError` where there is none.
            on_progress: Called for each call that has ended. An exception in it ends the work.
            _request_timeout: Seconds for all calls together, or a `root.Deadline`.

        Raises:
            BulkError: A call failed; `.results` has the outcome of each one.
            InvalidRequestError: An argument or some IDs are invalid; the message has the position.
        """
        return await self._async.retrieve_many(
            ids,
            concurrency=concurrency,
            errors=errors,
            on_progress=on_progress,
            _request_timeout=_request_timeout,
        )

    @overload
    async def acreate_many(
        self,
        models: Iterable[ModelSettings | Mapping[str, object]],
        *,
        concurrency: int = 8,
        errors: Literal["raise"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[str]: ...

    @overload
    async def acreate_many(
        self,
        models: Iterable[ModelSettings | Mapping[str, object]],
        *,
        concurrency: int = 8,
        errors: Literal["collect"],
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[str | RootSignalsError]: ...

    async def acreate_many(
        self,
        models: Iterable[ModelSettings | Mapping[str, object]],
        *,
        concurrency: int = 8,
        errors: Literal["raise", "collect"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[str] | List[str | RootSignalsError]:
        """Register many models concurrently, and return their IDs in the same order.

        All settings are validated before anything is sent.

        Args:
            models: The settings of each model: the arguments of `create`, as a dict.
            concurrency: Maximum number of concurrent calls.
            errors: With "raise", no more calls are started after a failure, and an error is raised
                when those in progress have ended. With "collect", all calls are made, and an error
                takes the place of an ID in the result.
            on_progress: Called for each call that has ended. An exception in it ends the work.

        Raises:
            BulkError: A call failed; `.results` has the outcome of each one.
            InvalidRequestError: An argument or some settings are invalid; the message has the
                position and the field.
        """
        models = hidden(models)
        return await self._async.create_many(
            models,
            concurrency=concurrency,
            errors=errors,
            on_progress=on_progress,
            _request_timeout=_request_timeout,
        )

    @overload
    async def averify_many(
        self,
        models: Iterable[VerifySettings | Mapping[str, object]],
        *,
        concurrency: int = 8,
        errors: Literal["raise"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[ModelVerification]: ...

    @overload
    async def averify_many(
        self,
        models: Iterable[VerifySettings | Mapping[str, object]],
        *,
        concurrency: int = 8,
        errors: Literal["collect"],
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[ModelVerification | RootSignalsError]: ...

    async def averify_many(
        self,
        models: Iterable[VerifySettings | Mapping[str, object]],
        *,
        concurrency: int = 8,
        errors: Literal["raise", "collect"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[ModelVerification] | List[ModelVerification | RootSignalsError]:
        """Verify many configurations concurrently.

        A configuration that does not work is a result here too, and not an error. The other
        arguments and the errors are those of `create_many`.

        Args:
            models: The configurations: the arguments of `verify`, as dicts.
            concurrency: Maximum number of concurrent calls.
            errors: Whether to "raise" an error, or to "collect" errors in the result.
            on_progress: Called for each call that has ended.
        """
        models = hidden(models)
        return await self._async.verify_many(
            models,
            concurrency=concurrency,
            errors=errors,
            on_progress=on_progress,
            _request_timeout=_request_timeout,
        )

    @overload
    async def adelete_many(
        self,
        model_ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["raise"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[None]: ...

    @overload
    async def adelete_many(
        self,
        model_ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["collect"],
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[RootSignalsError | None]: ...

    async def adelete_many(
        self,
        model_ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["raise", "collect"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[None] | List[RootSignalsError | None]:
        """Delete many of your models concurrently.

        The other arguments and the errors are those of `create_many`.

        Args:
            model_ids: Their IDs.
            concurrency: Maximum number of concurrent calls.
            errors: Whether to "raise" an error, or to "collect" errors in the result.
            on_progress: Called for each call that has ended.
        """
        return await self._async.delete_many(
            model_ids,
            concurrency=concurrency,
            errors=errors,
            on_progress=on_progress,
            _request_timeout=_request_timeout,
        )

    async def aplan(
        self,
        desired: Iterable[ModelSettings | Mapping[str, object]],
        *,
        prune: bool = False,
        rotate_keys: bool = False,
        concurrency: int = 8,
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> AsyncPlan:
        """Compare desired models with yours, and return the changes that are needed.

        Nothing is changed until the plan's `apply` is called. Models are identified by name, among
        your private models; public models are neither compared nor changed. Fields that an entry
        omits are not compared and keep their values; None clears `max_token_count`, `url` or
        `default_key`. White space around a string is ignored, as by the service.

        Args:
            desired: The settings of each model: the arguments of `create`, as a dict.
            prune: Whether to delete private models that are not in `desired`.
            rotate_keys: Whether to send `default_key` for existing models too. It cannot be read
                back, so it cannot be compared.
            concurrency: Maximum number of models that are retrieved concurrently; a listing has
                no details.
            on_progress: Called for each model that was retrieved; its `position` is the position
                among these. An exception in it ends the work.

        Raises:
            InvalidRequestError: An entry is invalid, or a name occurs twice, in `desired` or among
                those of your models that it concerns.
        """
        desired = hidden(desired)
        return await self._async.plan(
            desired,
            prune=prune,
            rotate_keys=rotate_keys,
            concurrency=concurrency,
            on_progress=on_progress,
            _request_timeout=_request_timeout,
        )

    async def aensure(
        self,
        *,
        name: str,
        model: str | None = None,
        default_key: str | None = None,
        max_output_token_count: int | None = None,
        max_token_count: int | NotGiven | None = NOT_GIVEN,
        url: str | NotGiven | None = NOT_GIVEN,
        _request_timeout: float | Deadline | None = None,
    ) -> Model:
        """Return your model of this name with these settings: created, updated, or unchanged.

        Omitted settings are not compared and keep their values; None clears `max_token_count` and
        `url`. The arguments are those of `create`.

        Args:
            name: Your name for it; 1 to 100 characters.
            model: The underlying model. If omitted, the service uses `name`.
            default_key: The API key for the model's provider. It cannot be read back, so it is
                sent on creation only; use `update` to send it for an existing model.
            max_output_token_count: Maximum number of tokens of one completion, at least 800.
            max_token_count: Maximum number of tokens of its context.
            url: Where it is served; at most 1024 characters.

        Raises:
            InvalidRequestError: A setting is invalid, or several of your models have this name.
        """
        default_key = as_secret(default_key)
        return await self._async.ensure(
            name=name,
            model=model,
            default_key=default_key,
            max_output_token_count=max_output_token_count,
            max_token_count=max_token_count,
            url=url,
            _request_timeout=_request_timeout,
        )

    async def aexport(
        self,
        *,
        concurrency: int = 8,
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[ModelSettings]:
        """Return the settings of your private models, in the form for `plan` and `create_many`.

        Settings without a value are omitted, and so is `default_key`, which cannot be read back.
        `root.registry.write` writes them to a file.

        Args:
            concurrency: Maximum number of models that are retrieved concurrently; a listing has
                no details.
            on_progress: Called for each model that was retrieved, as by `plan`.

        Raises:
            InvalidRequestError: A name occurs twice among your models.
        """
        return await self._async.export(
            concurrency=concurrency, on_progress=on_progress, _request_timeout=_request_timeout
        )


# Names of the old SDK's module.
ModelItem = Model
AModelItem = Model
