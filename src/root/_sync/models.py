# Generated from src/root/_async/models.py by scripts/generate_sync.py. Do not edit.
"""The models endpoints (contract.md, Endpoints), a method each."""

from __future__ import annotations

from builtins import list as List
from typing import TYPE_CHECKING
from uuid import UUID

from .._defaults import NOT_GIVEN, NotGiven
from .._schemas import (
    Model,
    ModelPatch,
    ModelRequest,
    ModelVerification,
    VerifyRequest,
    model_path,
    request_body,
)
from .pager import Pager

if TYPE_CHECKING:
    from .client import RootSignals

__all__ = ["Models"]

_PATH = "/v1/models/"

# A verification waits for a real model's answer.
_VERIFY_TIMEOUT = 120.0


class Models:
    """The models that evaluations run on; `client.models` is one of these.

    Every method raises `APIConnectionError`, `APIStatusError` and `APIResponseError` as
    `root.errors` explains, and `InvalidRequestError` for what the API would refuse anyhow,
    before anything is sent. `_request_timeout` is the seconds that the whole call may take, all
    attempts and waits together, instead of the client's `deadline`.
    """

    def __init__(self, client: RootSignals) -> None:
        self._client = client

    def create(
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
        created = self._client.request(
            "POST",
            _PATH,
            Model,
            body=body,
            deadline=_request_timeout,
            secrets=_secrets(default_key),
        )
        return created.id

    def list(
        self,
        *,
        capable_of: List[str] | None = None,
        limit: int | None = 100,
        page_size: int | None = None,
        ordering: str | None = None,
        cursor: str | None = None,
        prefetch: bool = False,
    ) -> Pager:
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
        return Pager(
            self._client,
            _PATH,
            capable_of=capable_of,
            limit=limit,
            page_size=page_size,
            ordering=ordering,
            cursor=cursor,
            prefetch=prefetch,
        )

    def retrieve(self, model_id: str | UUID, *, _request_timeout: float | None = None) -> Model:
        """Return the model with this id."""
        return self._client.request("GET", model_path(model_id), Model, deadline=_request_timeout)

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
        _request_timeout: float | None = None,
    ) -> Model:
        """Change some of a model and return it: what is left out stays, None clears.

        The arguments are those of `create`. `name`, `model` and `max_output_token_count`
        cannot be cleared.
        """
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
        return self._client.request(
            "PATCH",
            model_path(model_id),
            Model,
            body=body,
            deadline=_request_timeout,
            secrets=_secrets(default_key),
        )

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
        _request_timeout: float | None = None,
    ) -> Model:
        """Send a model's settings as a whole (PUT), and return it.

        The arguments are those of `create`. What is left out is not sent, and it is the
        service's to say what becomes of it.
        """
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
        return self._client.request(
            "PUT",
            model_path(model_id),
            Model,
            body=body,
            deadline=_request_timeout,
            secrets=_secrets(default_key),
        )

    def delete(self, model_id: str | UUID, *, _request_timeout: float | None = None) -> None:
        """Delete a model of yours."""
        self._client.request("DELETE", model_path(model_id), deadline=_request_timeout)

    def verify(
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
        body = request_body(
            VerifyRequest,
            None,
            model=model,
            api_key=api_key,
            url=url,
            max_output_token_count=max_output_token_count,
        )
        return self._client.request(
            "POST",
            f"{_PATH}verify/",
            ModelVerification,
            body=body,
            default_timeout=_VERIFY_TIMEOUT,
            deadline=_request_timeout,
            once=True,
            secrets=_secrets(api_key),
        )


def _secrets(key: str | NotGiven | None) -> tuple[str, ...]:
    return (key,) if isinstance(key, str) else ()
