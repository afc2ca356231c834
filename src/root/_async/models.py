"""The models endpoints (contract.md, Endpoints), a method each."""

from __future__ import annotations

from builtins import list as List
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal, overload
from uuid import UUID

from .._bulk import Progress
from .._defaults import NOT_GIVEN, NotGiven
from .._schemas import (
    Body,
    Model,
    ModelPatch,
    ModelRequest,
    ModelSettings,
    ModelVerification,
    VerifyRequest,
    VerifySettings,
    each_checked,
    model_path,
    request_body,
    settings_body,
)
from .._secrets import unshown
from ..errors import RootSignalsError
from .bulk import call_each
from .pager import AsyncPager

if TYPE_CHECKING:
    from .client import AsyncRootSignals
    from .plans import AsyncPlan

__all__ = ["AsyncModels"]

_PATH = "/v1/models/"

# A verification waits for a real model's answer.
_VERIFY_TIMEOUT = 120.0


class AsyncModels:
    """The models that evaluations run on; `client.models` is one of these.

    Every method raises `APIConnectionError`, `APIStatusError` and `APIResponseError` as
    `root.errors` explains, and `InvalidRequestError` for what the API would refuse anyhow,
    before anything is sent. `_request_timeout` is the seconds that the whole call may take, all
    attempts and waits together, instead of the client's `deadline`.
    """

    def __init__(self, client: AsyncRootSignals) -> None:
        self._client = client

    async def create(
        self,
        *,
        name: str,
        model: str | None = None,
        default_key: str | None = None,
        max_output_token_count: int | None = None,
        max_token_count: int | None = None,
        url: str | None = None,
        _request_timeout: float | None = None,
    ) -> str:
        """Register a model and return its id.

        Args:
            name: Your name for it, such as `ollama/llama3`; 1 to 100 characters.
            model: The underlying model; the service takes `name` if it is left out.
            default_key: The API key for the model's provider. It cannot be read back.
            max_output_token_count: Tokens it may put out for one answer, at least 800.
            max_token_count: Tokens it can process.
            url: Where it is served; at most 1024 characters.
        """
        default_key = unshown(default_key)
        body = request_body(
            ModelRequest,
            None,
            name=name,
            model=model,
            default_key=default_key,
            max_output_token_count=max_output_token_count,
            max_token_count=max_token_count,
            url=url,
        )
        return await self._create(body, _request_timeout)

    def list(
        self,
        *,
        capable_of: List[str] | None = None,
        limit: int | None = 100,
        page_size: int | None = None,
        ordering: str | None = None,
        cursor: str | None = None,
        prefetch: bool = False,
    ) -> AsyncPager:
        """Return an iterator over the models: your own and the public ones.

        Nothing is asked before the first item is, and nothing more when you stop (but for one
        page with `prefetch`).

        Args:
            capable_of: List only models that can do all of this; recent servers ignore it.
            limit: How many models to list at most, or None for all.
            page_size: How many to ask for at a time; the service caps it, usually at 100.
            ordering: The field to sort by, with a minus in front for descending.
            cursor: Where to go on: the `.cursor` of an earlier listing, or of its error. None is
                the start, and an empty string the end.
            prefetch: Whether to ask for the next page while you work on this one; never more
                than one page ahead, and never past `limit`. Where
                nothing can be done in the background it has no effect.

        Raises:
            PaginationError: While iterating, if the cursor repeats or leads to another host.
        """
        return AsyncPager(
            self._client,
            _PATH,
            capable_of=capable_of,
            limit=limit,
            page_size=page_size,
            ordering=ordering,
            cursor=cursor,
            prefetch=prefetch,
        )

    async def retrieve(
        self, model_id: str | UUID, *, _request_timeout: float | None = None
    ) -> Model:
        """Return the model with this id."""
        return await self._client.request(
            "GET", model_path(model_id), Model, deadline=_request_timeout
        )

    async def update(
        self,
        model_id: str | UUID,
        *,
        name: str | NotGiven = NOT_GIVEN,
        model: str | NotGiven = NOT_GIVEN,
        default_key: str | NotGiven | None = NOT_GIVEN,
        max_output_token_count: int | NotGiven = NOT_GIVEN,
        max_token_count: int | NotGiven | None = NOT_GIVEN,
        url: str | NotGiven | None = NOT_GIVEN,
        _request_timeout: float | None = None,
    ) -> Model:
        """Change some of a model and return it: what is left out stays, None clears.

        The arguments are those of `create`. `name`, `model` and `max_output_token_count`
        cannot be cleared.
        """
        default_key = unshown(default_key)
        body = request_body(
            ModelPatch,
            NOT_GIVEN,
            name=name,
            model=model,
            default_key=default_key,
            max_output_token_count=max_output_token_count,
            max_token_count=max_token_count,
            url=url,
        )
        return await self._client.request(
            "PATCH",
            model_path(model_id),
            Model,
            body=body.content,
            deadline=_request_timeout,
            secrets=body.secrets,
        )

    async def replace(
        self,
        model_id: str | UUID,
        *,
        name: str,
        model: str | None = None,
        default_key: str | None = None,
        max_output_token_count: int | None = None,
        max_token_count: int | None = None,
        url: str | None = None,
        _request_timeout: float | None = None,
    ) -> Model:
        """Send a model's settings as a whole (PUT), and return it.

        The arguments are those of `create`. What is left out is not sent, and it is the
        service's to say what becomes of it.
        """
        default_key = unshown(default_key)
        body = request_body(
            ModelRequest,
            None,
            name=name,
            model=model,
            default_key=default_key,
            max_output_token_count=max_output_token_count,
            max_token_count=max_token_count,
            url=url,
        )
        return await self._client.request(
            "PUT",
            model_path(model_id),
            Model,
            body=body.content,
            deadline=_request_timeout,
            secrets=body.secrets,
        )

    async def delete(self, model_id: str | UUID, *, _request_timeout: float | None = None) -> None:
        """Delete a model of yours."""
        await self._client.request("DELETE", model_path(model_id), deadline=_request_timeout)

    async def verify(
        self,
        *,
        model: str,
        api_key: str | None = None,
        url: str | None = None,
        max_output_token_count: int | None = None,
        _request_timeout: float | None = None,
    ) -> ModelVerification:
        """Have the service try a model's configuration, and return what came of it.

        A configuration that does not work is a result like any other: look at `.success` or
        call `.raise_for_failure()`. The service waits for a real model, so an attempt may take
        120 seconds where the client's `timeout` is the default of 30, and it is never asked
        twice.

        Args:
            model: The underlying model.
            api_key: The API key for the model's provider.
            url: Where it is served.
            max_output_token_count: Tokens it may put out for one answer, at least 800.
        """
        api_key = unshown(api_key)
        body = request_body(
            VerifyRequest,
            None,
            model=model,
            api_key=api_key,
            url=url,
            max_output_token_count=max_output_token_count,
        )
        return await self._verify(body, _request_timeout)

    @overload
    async def create_many(
        self,
        models: Iterable[ModelSettings],
        *,
        concurrency: int = 8,
        errors: Literal["raise"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
    ) -> List[str]: ...
    @overload
    async def create_many(
        self,
        models: Iterable[ModelSettings],
        *,
        concurrency: int = 8,
        errors: Literal["collect"],
        on_progress: Callable[[Progress], None] | None = None,
    ) -> List[str | RootSignalsError]: ...
    async def create_many(
        self,
        models: Iterable[ModelSettings],
        *,
        concurrency: int = 8,
        errors: Literal["raise", "collect"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
    ) -> List[str] | List[str | RootSignalsError]:
        """Register many models, several at once, and return their ids in the same order.

        All settings are checked before anything is sent.

        Args:
            models: The settings of each: what `create` takes, as a dict.
            concurrency: How many calls to make at once.
            errors: With "raise", nothing more is started after a failure, and when what is under
                way has ended, it is raised. With "collect", all calls are made, and an error
                stands in the result where the id would.
            on_progress: Is told of each call that has ended. What it raises ends the work.

        Raises:
            BulkError: A call failed; `.results` says which did not.
            InvalidRequestError: An argument or some settings cannot be right; the text names
                the position and the field.
        """
        bodies = each_checked(models, lambda settings: settings_body(ModelRequest, settings))
        return await call_each(
            self._create, bodies, concurrency=concurrency, errors=errors, on_progress=on_progress
        )

    @overload
    async def verify_many(
        self,
        models: Iterable[VerifySettings],
        *,
        concurrency: int = 8,
        errors: Literal["raise"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
    ) -> List[ModelVerification]: ...
    @overload
    async def verify_many(
        self,
        models: Iterable[VerifySettings],
        *,
        concurrency: int = 8,
        errors: Literal["collect"],
        on_progress: Callable[[Progress], None] | None = None,
    ) -> List[ModelVerification | RootSignalsError]: ...
    async def verify_many(
        self,
        models: Iterable[VerifySettings],
        *,
        concurrency: int = 8,
        errors: Literal["raise", "collect"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
    ) -> List[ModelVerification] | List[ModelVerification | RootSignalsError]:
        """Have the service try many configurations, several at once.

        A configuration that does not work is a result here too, and no error. The other
        arguments, and what is raised, are those of `create_many`.

        Args:
            models: The configurations: what `verify` takes, as dicts.
            concurrency: How many calls to make at once.
            errors: Whether to "raise" at a failure, or to "collect" errors in the result.
            on_progress: Is told of each call that has ended.
        """
        bodies = each_checked(models, lambda settings: settings_body(VerifyRequest, settings))
        return await call_each(
            self._verify, bodies, concurrency=concurrency, errors=errors, on_progress=on_progress
        )

    @overload
    async def delete_many(
        self,
        model_ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["raise"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
    ) -> List[None]: ...
    @overload
    async def delete_many(
        self,
        model_ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["collect"],
        on_progress: Callable[[Progress], None] | None = None,
    ) -> List[RootSignalsError | None]: ...
    async def delete_many(
        self,
        model_ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["raise", "collect"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
    ) -> List[None] | List[RootSignalsError | None]:
        """Delete many models of yours, several at once.

        The other arguments, and what is raised, are those of `create_many`.

        Args:
            model_ids: Their ids.
            concurrency: How many calls to make at once.
            errors: Whether to "raise" at a failure, or to "collect" errors in the result.
            on_progress: Is told of each call that has ended.
        """
        paths = each_checked(model_ids, model_path)
        return await call_each(
            self._delete, paths, concurrency=concurrency, errors=errors, on_progress=on_progress
        )

    async def plan(
        self,
        desired: Iterable[ModelSettings],
        *,
        prune: bool = False,
        rotate_keys: bool = False,
        concurrency: int = 8,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> AsyncPlan:
        """Compare the models that there should be with yours, and return what would change.

        Nothing is changed until the plan's `apply` is called. Names are the identity, among your
        private models; public models are neither compared nor touched. What an entry leaves out
        is not compared and stays as it is, and None clears `max_token_count`, `url` or
        `default_key`. White space around a string does not count, as for the service.

        Args:
            desired: The settings of each model: what `create` takes, as a dict.
            prune: Whether to delete private models that `desired` does not name.
            rotate_keys: Whether to send `default_key` for models that exist, too. It cannot be
                read back, so it cannot be compared.
            concurrency: How many models to retrieve at once; a listing has no details.
            on_progress: Is told of each model that was retrieved; its `position` is the place
                among these. What it raises ends the work.

        Raises:
            InvalidRequestError: An entry cannot be right, or a name stands twice, in `desired`
                or among your models as far as they are concerned.
        """
        # Imported late, as below: few programs make plans.
        from .plans import make_plan

        return await make_plan(
            self._client,
            desired,
            prune=prune,
            rotate_keys=rotate_keys,
            concurrency=concurrency,
            on_progress=on_progress,
        )

    async def ensure(
        self,
        *,
        name: str,
        model: str | None = None,
        default_key: str | None = None,
        max_output_token_count: int | None = None,
        max_token_count: int | NotGiven | None = NOT_GIVEN,
        url: str | NotGiven | None = NOT_GIVEN,
    ) -> Model:
        """Return your model of this name, with these settings: new, changed, or as it was.

        What is left out is not compared and stays as it is; for `max_token_count` and `url`,
        None clears. The arguments are those of `create`.

        Args:
            name: Your name for it; 1 to 100 characters.
            model: The underlying model; the service takes `name` if it is left out.
            default_key: The API key for the model's provider. It cannot be read back, so it is
                sent on creation only; `update` sends it to a model that exists.
            max_output_token_count: Tokens it may put out for one answer, at least 800.
            max_token_count: Tokens it can process.
            url: Where it is served; at most 1024 characters.

        Raises:
            InvalidRequestError: A setting cannot be right, or several of your models have the
                name.
        """
        default_key = unshown(default_key)
        from .plans import ensure_model

        settings: ModelSettings = {
            "name": name,
            "model": model,
            "max_output_token_count": max_output_token_count,
        }
        # None would clear it.
        if default_key is not None:
            settings["default_key"] = default_key
        if not isinstance(max_token_count, NotGiven):
            settings["max_token_count"] = max_token_count
        if not isinstance(url, NotGiven):
            settings["url"] = url
        return await ensure_model(self._client, settings)

    async def export(
        self,
        *,
        concurrency: int = 8,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> List[ModelSettings]:
        """Return the settings of your private models, as `plan` and `create_many` take them.

        What is not set is left out, and so is `default_key`, which cannot be read back.
        `root.registry.write` writes them to a file.

        Args:
            concurrency: How many models to retrieve at once; a listing has no details.
            on_progress: Is told of each model that was retrieved, as by `plan`.

        Raises:
            InvalidRequestError: A name stands twice among your models.
        """
        from .plans import export_settings

        return await export_settings(self._client, concurrency, on_progress)

    async def _create(self, body: Body, deadline: float | None = None) -> str:
        created = await self._client.request(
            "POST", _PATH, Model, body=body.content, deadline=deadline, secrets=body.secrets
        )
        return created.id

    async def _verify(self, body: Body, deadline: float | None = None) -> ModelVerification:
        return await self._client.request(
            "POST",
            f"{_PATH}verify/",
            ModelVerification,
            body=body.content,
            default_timeout=_VERIFY_TIMEOUT,
            deadline=deadline,
            once=True,
            secrets=body.secrets,
        )

    async def _delete(self, path: str) -> None:
        await self._client.request("DELETE", path)
