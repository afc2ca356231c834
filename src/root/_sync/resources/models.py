# Generated from src/root/_async/resources/models.py by scripts/generate_sync.py. Do not edit.
"""Models: one method for each endpoint of `/v1/models/`."""

from __future__ import annotations

from builtins import list as List
from collections.abc import Sequence
from types import NoneType
from typing import cast
from uuid import UUID

from ..._config import NOT_GIVEN, NotGiven
from ..._config.deadlines import Deadline
from ..._http.operation import Operation
from ..._schemas.models import (
    Model,
    ModelPatch,
    ModelRequest,
    ModelVerification,
    VerifyRequest,
    completed,
)
from ..._schemas.requests import Body, json_body
from ..._secrets.secret import as_secret
from ...errors import InvalidRequestError
from ..pager import Pager
from ..resource import Collection
from .model_sets import ModelSets

__all__ = ["Models"]

# A verification waits for the response of a model.
_VERIFY_TIMEOUT = 120.0


class Models(Collection[Model], ModelSets):
    """The models that evaluations run on; `client.models` is an instance.

    All methods raise `APIConnectionError`, `APIStatusError` and `APIResponseError` as described in
    `root.errors`, and `InvalidRequestError` for what the API would reject, before anything is
    sent. `_request_timeout` is the seconds for the whole call, with all attempts and waits, or
    a `root.Deadline`; it shortens the client's `deadline`, and does not extend it.
    """

    _collection = "/v1/models/"
    _item_type = Model

    def create(
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
        body = json_body(
            ModelRequest,
            None,
            name=name,
            model=model,
            default_key=default_key,
            max_output_token_count=max_output_token_count,
            max_token_count=max_token_count,
            url=url,
        )
        return (self._send(self._saving(body), _request_timeout)).id

    def list(
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
    ) -> Pager[Model]:
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
        listing = self._list(
            Model,
            query=_filters(capable_of),
            limit=limit,
            page_size=page_size,
            ordering=ordering,
            cursor=cursor,
            prefetch=prefetch,
            deadline=_request_timeout,
        )
        if not details:
            return listing
        return self._with_details(
            listing, Model, concurrency=concurrency, deadline=_request_timeout
        )

    def retrieve(
        self, model_id: str | UUID, *, _request_timeout: float | Deadline | None = None
    ) -> Model:
        """Retrieve a model by its ID."""
        return self._send(Operation("GET", self._path(model_id), Model), _request_timeout)

    def update(
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
        body = json_body(
            ModelPatch,
            NOT_GIVEN,
            name=name,
            model=model,
            default_key=default_key,
            max_output_token_count=max_output_token_count,
            max_token_count=max_token_count,
            url=url,
        )
        return self._send(self._saving(body, model_id), _request_timeout)

    def replace(
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
        body = json_body(
            ModelRequest,
            None,
            name=name,
            model=model,
            default_key=default_key,
            max_output_token_count=max_output_token_count,
            max_token_count=max_token_count,
            url=url,
        )
        operation = Operation("PUT", self._path(model_id), Model, body=body)
        return self._send(operation, _request_timeout)

    def delete(
        self, model_id: str | UUID, *, _request_timeout: float | Deadline | None = None
    ) -> None:
        """Delete one of your models."""
        self._send(self._deletion(self._path(model_id)), _request_timeout)

    def verify(
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
        body = json_body(
            VerifyRequest,
            None,
            model=model,
            api_key=api_key,
            url=url,
            max_output_token_count=max_output_token_count,
        )
        return self._send(self._verification(body), _request_timeout)

    def _retrieve_listed(self, deadline: float | Deadline | None, listed: Model) -> Model:
        return completed(super()._retrieve_listed(deadline, listed), listed)

    def _saving(self, body: Body, model_id: str | UUID | None = None) -> Operation[Model]:
        if model_id is None:
            return Operation("POST", self._collection, Model, body=body)
        return Operation("PATCH", self._path(model_id), Model, body=body)

    def _verification(self, body: Body) -> Operation[ModelVerification]:
        return Operation(
            "POST",
            f"{self._collection}verify/",
            ModelVerification,
            body=body,
            slow_timeout=_VERIFY_TIMEOUT,
        )

    def _deletion(self, path: str) -> Operation[None]:
        return Operation("DELETE", path, NoneType)


def _filters(capable_of: object) -> dict[str, str]:
    """Return the filters of a listing as a query."""
    if capable_of is None:
        return {}
    is_list = isinstance(capable_of, (List, tuple))
    capabilities = cast("Sequence[object]", capable_of if is_list else ())
    if not (is_list and all(isinstance(item, str) for item in capabilities)):
        raise InvalidRequestError(
            f"Nothing was sent. capable_of must be a list of strings, not {capable_of!r}."
        )
    return {"capable_of": ",".join(map(str, capabilities))} if capabilities else {}
