# Generated from src/root/_async/resources/model_sets.py by scripts/generate_sync.py. Do not edit.
"""Methods for many models: bulk calls, and plans that bring models to the desired state."""

from __future__ import annotations

from abc import abstractmethod
from builtins import list as List
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Literal, overload
from uuid import UUID

from ..._concurrency.bulk import Progress
from ..._config import NOT_GIVEN, NotGiven
from ..._config.deadlines import Deadline, limited
from ..._schemas.models import (
    Model,
    ModelRequest,
    ModelSettings,
    ModelVerification,
    VerifyRequest,
    VerifySettings,
)
from ..._schemas.requests import Body, given, validate_each, validate_settings
from ..._secrets.secret import as_secret, hidden
from ...errors import RootSignalsError
from ..pager import Pager
from ..resource import Resource

if TYPE_CHECKING:
    from ..._http.operation import Operation
    from ..plans import Plan

__all__ = ["ModelSets"]


class ModelSets(Resource):
    """The methods of the models that concern many of them, made of those that concern one."""

    @overload
    def create_many(
        self,
        models: Iterable[ModelSettings | Mapping[str, object]],
        *,
        concurrency: int = 8,
        errors: Literal["raise"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[str]: ...
    @overload
    def create_many(
        self,
        models: Iterable[ModelSettings | Mapping[str, object]],
        *,
        concurrency: int = 8,
        errors: Literal["collect"],
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[str | RootSignalsError]: ...
    def create_many(
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
        bodies = validate_each(models, lambda one: validate_settings(ModelRequest, one))
        return self._each(
            self._create,
            bodies,
            concurrency=concurrency,
            errors=errors,
            on_progress=on_progress,
            deadline=_request_timeout,
        )

    @overload
    def verify_many(
        self,
        models: Iterable[VerifySettings | Mapping[str, object]],
        *,
        concurrency: int = 8,
        errors: Literal["raise"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[ModelVerification]: ...
    @overload
    def verify_many(
        self,
        models: Iterable[VerifySettings | Mapping[str, object]],
        *,
        concurrency: int = 8,
        errors: Literal["collect"],
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[ModelVerification | RootSignalsError]: ...
    def verify_many(
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
        bodies = validate_each(models, lambda one: validate_settings(VerifyRequest, one))
        return self._each(
            self._verify,
            bodies,
            concurrency=concurrency,
            errors=errors,
            on_progress=on_progress,
            deadline=_request_timeout,
        )

    @overload
    def delete_many(
        self,
        model_ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["raise"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[None]: ...
    @overload
    def delete_many(
        self,
        model_ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["collect"],
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[RootSignalsError | None]: ...
    def delete_many(
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
        paths = validate_each(model_ids, self._path)
        return self._each(
            self._delete,
            paths,
            concurrency=concurrency,
            errors=errors,
            on_progress=on_progress,
            deadline=_request_timeout,
        )

    def plan(
        self,
        desired: Iterable[ModelSettings | Mapping[str, object]],
        *,
        prune: bool = False,
        rotate_keys: bool = False,
        concurrency: int = 8,
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> Plan:
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
        # Imported late, as below: few programs use plans.
        from ..plans import make_plan

        with limited(_request_timeout):
            return make_plan(
                self,
                self._save,
                desired,
                prune=prune,
                rotate_keys=rotate_keys,
                concurrency=concurrency,
                on_progress=on_progress,
            )

    def ensure(
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
        from ..plans import ensure_model

        settings = given(
            NOT_GIVEN,
            name=name,
            model=model,
            # None would clear it.
            default_key=NOT_GIVEN if default_key is None else default_key,
            max_output_token_count=max_output_token_count,
            max_token_count=max_token_count,
            url=url,
        )
        with limited(_request_timeout):
            return ensure_model(self, self._save, settings)

    def export(
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
        from ..plans import export_models

        with limited(_request_timeout):
            return export_models(self, concurrency, on_progress)

    @abstractmethod
    def list(self, *, limit: int | None = 100) -> Pager[Model]:
        """Return an iterator over models."""

    @abstractmethod
    def retrieve(self, model_id: str | UUID) -> Model:
        """Retrieve a model by its ID."""

    @abstractmethod
    def delete(self, model_id: str | UUID) -> None:
        """Delete a model."""

    @abstractmethod
    def _saving(self, body: Body, model_id: str | UUID | None = None) -> Operation[Model]:
        """Return the operation that creates a model, or updates the one with this ID."""

    @abstractmethod
    def _verification(self, body: Body) -> Operation[ModelVerification]:
        """Return the operation that verifies a configuration."""

    @abstractmethod
    def _deletion(self, path: str) -> Operation[None]:
        """Return the operation that deletes the model with this path."""

    def _create(self, body: Body) -> str:
        return (self._save(body, None)).id

    def _save(self, body: Body, model_id: str | UUID | None) -> Model:
        return self._send(self._saving(body, model_id))

    def _verify(self, body: Body) -> ModelVerification:
        return self._send(self._verification(body))

    def _delete(self, path: str) -> None:
        self._send(self._deletion(path))
