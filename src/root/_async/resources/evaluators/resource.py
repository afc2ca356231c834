"""The evaluators of an organization and of the service."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from types import NoneType
from typing import TYPE_CHECKING, Generic, Literal, TypeVar, cast, overload
from uuid import UUID

from ...._accessor import Accessor, part
from ...._config import NOT_GIVEN, NotGiven
from ...._config.deadlines import Deadline, limited
from ...._http.operation import Operation
from ...._schemas.evaluator_settings import criteria_of, models_of, references_of
from ...._schemas.evaluators import (
    Behavior,
    DuplicateRequest,
    EvaluatorDemonstration,
    EvaluatorFields,
    EvaluatorListOutput,
    EvaluatorPatch,
    EvaluatorRequest,
    ImportRequest,
    InputVariable,
    ModelParams,
    ReferenceVariable,
)
from ...._schemas.executions import (
    JSONObject,
    plain,
)
from ...._schemas.presets import Preset, Presets, presets
from ...._schemas.queries import query_of
from ...._schemas.requests import json_body
from ....errors import InvalidRequestError, RootSignalsError
from ...pager import AsyncPager
from ...resource import AsyncCollection, segment
from .calibration import AsyncCalibration
from .execution import AsyncExecutions
from .own_objective import new_objective, remove_objective
from .runner import AsyncEvaluator, AsyncPresetEvaluator
from .versions import AsyncEvaluatorVersions

__all__ = ["AsyncEvaluators"]

E = TypeVar("E", bound=EvaluatorFields)
P = TypeVar("P", covariant=True)


class AsyncEvaluators(
    Presets[P], AsyncCalibration, AsyncExecutions, AsyncCollection[E], Generic[E, P]
):
    """Evaluators, which score texts; `client.evaluators` is an instance.

    The evaluators of the service are attributes: `client.evaluators.Relevance(response, request)`.

    All methods raise `APIConnectionError`, `APIStatusError` and `APIResponseError` as described in
    `root.errors`, and `InvalidRequestError` for what the API would reject, before anything is
    sent. `_request_timeout` is the seconds for the whole call, with all attempts and waits, or
    a `root.Deadline`; it shortens the client's `deadline`, and does not extend it.
    """

    _collection = "/v1/evaluators/"
    _item_type = EvaluatorFields
    _acting: type[E] = cast("type[E]", AsyncEvaluator)
    _preset_type: type[object] = AsyncPresetEvaluator

    versions: Accessor[AsyncEvaluatorVersions[E]] = Accessor(
        "root._async.resources.evaluators.versions", "AsyncEvaluatorVersions", part
    )
    """The versions of evaluators."""

    def _preset(self, preset: Preset, /) -> P:
        runner = AsyncPresetEvaluator(self._client, preset.id, preset.attribute)
        return cast("P", runner)

    @overload
    def list(
        self,
        search_term: str | None = None,
        *,
        limit: int | None = 100,
        name: str | None = None,
        only_root_evaluators: bool = False,
        project_id: str | UUID | None = None,
        include_public: bool = False,
        skill_type: str | None = None,
        intent: str | None = None,
        owner_email: str | None = None,
        ordering: str | None = None,
        page_size: int | None = None,
        cursor: str | None = None,
        prefetch: bool = False,
        details: Literal[False] = False,
        concurrency: int = 8,
        _request_timeout: float | Deadline | None = None,
    ) -> AsyncPager[EvaluatorListOutput]: ...
    @overload
    def list(
        self,
        search_term: str | None = None,
        *,
        limit: int | None = 100,
        name: str | None = None,
        only_root_evaluators: bool = False,
        project_id: str | UUID | None = None,
        include_public: bool = False,
        skill_type: str | None = None,
        intent: str | None = None,
        owner_email: str | None = None,
        ordering: str | None = None,
        page_size: int | None = None,
        cursor: str | None = None,
        prefetch: bool = False,
        details: Literal[True],
        concurrency: int = 8,
        _request_timeout: float | Deadline | None = None,
    ) -> AsyncPager[E]: ...
    @overload
    def list(
        self,
        search_term: str | None = None,
        *,
        limit: int | None = 100,
        name: str | None = None,
        only_root_evaluators: bool = False,
        project_id: str | UUID | None = None,
        include_public: bool = False,
        skill_type: str | None = None,
        intent: str | None = None,
        owner_email: str | None = None,
        ordering: str | None = None,
        page_size: int | None = None,
        cursor: str | None = None,
        prefetch: bool = False,
        details: bool,
        concurrency: int = 8,
        _request_timeout: float | Deadline | None = None,
    ) -> AsyncPager[EvaluatorListOutput] | AsyncPager[E]: ...
    def list(
        self,
        search_term: str | None = None,
        *,
        limit: int | None = 100,
        name: str | None = None,
        only_root_evaluators: bool = False,
        project_id: str | UUID | None = None,
        include_public: bool = False,
        skill_type: str | None = None,
        intent: str | None = None,
        owner_email: str | None = None,
        ordering: str | None = None,
        page_size: int | None = None,
        cursor: str | None = None,
        prefetch: bool = False,
        details: bool = False,
        concurrency: int = 8,
        _request_timeout: float | Deadline | None = None,
    ) -> AsyncPager[EvaluatorListOutput] | AsyncPager[E]:
        """Return an iterator over evaluators, those of the service included.

        Nothing is requested before the first item is needed, and nothing after you stop (except
        for one page with `prefetch`).

        Args:
            search_term: List only those whose name or description contains this text.
            limit: Maximum number of evaluators, or None for all.
            name: List only those with exactly this name.
            only_root_evaluators: Whether to list only those that the service maintains.
            project_id: List only those of this project.
            include_public: Whether to list the public ones of other organizations, too.
            skill_type: List only those of this type: `managed` or `native`.
            intent: List only those whose objective has this intent.
            owner_email: List only those of the user with this e-mail address.
            ordering: The field to sort by, such as `name`; `-name` for descending.
            page_size: Number of evaluators of a page; the service limits it, usually to 100.
            cursor: Where to continue: the `.cursor` of an earlier listing, or of its error.
            prefetch: Whether to request the next page while you use this one.
            details: Whether to retrieve each evaluator: a listing has no
                examples, variables and behavior. One that is deleted meanwhile is left out.
            concurrency: Maximum number of evaluators that are retrieved concurrently.
            _request_timeout: Seconds for each page and each evaluator, or a `root.Deadline` for all
                of them.

        Raises:
            PaginationError: While iterating, if a cursor repeats, or the next page has none.
        """
        listing = self._list(
            EvaluatorListOutput,
            query=query_of(
                search=search_term,
                name=name,
                is_root_evaluator=only_root_evaluators or None,
                project_id=project_id,
                include_public=include_public or None,
                skill_type=skill_type,
                objective__intent=intent,
                owner__email=owner_email,
            ),
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
            listing, self._acting, concurrency=concurrency, deadline=_request_timeout
        )

    async def create(
        self,
        predicate: str | None = None,
        *,
        name: str | None = None,
        intent: str | None = None,
        model: str | None = None,
        fallback_models: Sequence[str] | None = None,
        reference_variables: Sequence[ReferenceVariable | JSONObject] | None = None,
        input_variables: Sequence[InputVariable | JSONObject] | None = None,
        model_params: ModelParams | JSONObject | None = None,
        evaluator_demonstrations: Sequence[EvaluatorDemonstration | JSONObject] | None = None,
        objective_id: str | UUID | None = None,
        overwrite: bool = False,
        scoring_criteria: str | None = None,
        demonstration_dataset_id: str | UUID | None = None,
        objective_version_id: str | UUID | None = None,
        behavior: Behavior | None = None,
        change_note: str | None = None,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> E:
        """Create an evaluator and return it; its `run` runs it.

        An evaluator needs an objective. Without `objective_id`, one is created first, and deleted
        again if the evaluator is refused. If it is unclear whether the evaluator was created, the
        objective remains, and the error has its ID. It also remains if the call is interrupted or
        cancelled: pass `objective_id` where calls are cancelled often.

        Args:
            predicate: The text of the evaluator, a template with `{{request}}`, `{{response}}` and
                variables of your own in double braces.
            name: Its name; 2 to 1,000 characters.
            intent: What it measures, for the objective; the name if omitted.
            model: The name of its model; the service's default if omitted.
            fallback_models: The names of models that are used if the first one fails.
            reference_variables: Variables whose values come from data sets, for older servers.
            input_variables: Variables of its text.
            model_params: Parameters of the model, for older servers.
            evaluator_demonstrations: Examples of scores.
            objective_id: The ID of its objective.
            overwrite: Whether to replace an evaluator that has the name already.
            scoring_criteria: The text of the evaluator, by its newer name.
            demonstration_dataset_id: The ID of a data set with examples.
            objective_version_id: The version of the objective; the latest one if omitted.
            behavior: How deeply it thinks: `fast`, `balanced` or `thorough`.
            change_note: A note on this version.
            project_id: The project to create it in; the default project if omitted.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.
        """
        if objective_id is not None and intent is not None:
            raise InvalidRequestError(
                "Nothing was sent. Pass either `intent`, for a new objective, or `objective_id`."
            )
        criteria = criteria_of(predicate, scoring_criteria)
        if criteria is None:
            raise InvalidRequestError(
                "Nothing was sent. Pass the text of the evaluator as `predicate`."
            )
        settings: dict[str, object] = {
            "name": name or "<unnamed>",
            "scoring_criteria": criteria,
            "prompt": criteria,
            "models": models_of(model, fallback_models),
            "reference_variables": references_of(reference_variables),
            "input_variables": plain(input_variables),
            "model_params": plain(model_params),
            "evaluator_demonstrations": plain(evaluator_demonstrations),
            "demonstration_dataset_id": plain(demonstration_dataset_id),
            "objective_version_id": plain(objective_version_id),
            "behavior": behavior,
            "change_note": change_note,
            "project_id": plain(project_id),
            "overwrite": overwrite or None,
        }
        # Checked before the objective is created.
        known = "to be created" if objective_id is None else plain(objective_id)
        body = json_body(EvaluatorRequest, None, objective_id=known, **settings)
        operation = Operation("POST", self._collection, self._acting, body=body)
        if objective_id is not None:
            return self._with_client(await self._send(operation, _request_timeout))
        with limited(_request_timeout):
            new = await new_objective(self._client, intent or name or "<unnamed>", project_id)
            body = json_body(EvaluatorRequest, None, objective_id=new, **settings)
            operation = Operation("POST", self._collection, self._acting, body=body)
            try:
                return self._with_client(await self._send(operation))
            except RootSignalsError as error:
                await remove_objective(self._client, new, error)
                raise

    async def get(
        self,
        evaluator_id: str | UUID,
        *,
        version_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> E:
        """Retrieve an evaluator by its ID.

        Args:
            evaluator_id: The ID of the evaluator.
            version_id: The version to retrieve; the latest one if omitted.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.
        """
        operation = Operation(
            "GET",
            self._path(evaluator_id),
            self._acting,
            query=query_of(version_id=version_id) or None,
        )
        return self._with_client(await self._send(operation, _request_timeout))

    retrieve = get

    async def get_by_name(
        self, name: str, *, _request_timeout: float | Deadline | None = None
    ) -> E:
        """Retrieve an evaluator by its exact name.

        If several have the name, a warning is issued, and the first one that the service lists is
        returned, usually the newest one of your organization.

        Raises:
            InvalidRequestError: There is no evaluator with this name, or it is empty.
        """
        return await self._first_named(
            name, lambda: self.list(name=name, limit=2), _request_timeout
        )

    async def update(
        self,
        evaluator_id: str | UUID,
        *,
        change_note: str | None = None,
        fallback_models: Sequence[str] | None = None,
        input_variables: Sequence[InputVariable | JSONObject] | None = None,
        model: str | None = None,
        name: str | None = None,
        predicate: str | None = None,
        reference_variables: Sequence[ReferenceVariable | JSONObject] | None = None,
        model_params: ModelParams | JSONObject | None = None,
        evaluator_demonstrations: Sequence[EvaluatorDemonstration | JSONObject] | None = None,
        objective_id: str | UUID | None = None,
        scoring_criteria: str | None = None,
        demonstration_dataset_id: str | UUID | NotGiven | None = NOT_GIVEN,
        objective_version_id: str | UUID | None = None,
        behavior: Behavior | None = None,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> E:
        """Update some fields of an evaluator, which makes a version, and return it.

        Omitted fields keep their values. An empty list empties a field, and so does None for
        `demonstration_dataset_id`. The models are one list: pass `model` together with
        `fallback_models`, or the first of these takes its place; an empty list alone changes
        nothing. The arguments are those of `create`.
        """
        criteria = criteria_of(predicate, scoring_criteria)
        settings: dict[str, object] = {
            "change_note": change_note,
            "models": models_of(model, fallback_models),
            "input_variables": plain(input_variables),
            "name": name,
            "scoring_criteria": criteria,
            "prompt": criteria,
            "reference_variables": references_of(reference_variables),
            "model_params": plain(model_params),
            "evaluator_demonstrations": plain(evaluator_demonstrations),
            "objective_id": plain(objective_id),
            "objective_version_id": plain(objective_version_id),
            "behavior": behavior,
            "project_id": plain(project_id),
        }
        given = {name: value for name, value in settings.items() if value is not None}
        body = json_body(
            EvaluatorPatch,
            NOT_GIVEN,
            **dict.fromkeys(settings, NOT_GIVEN) | given,
            demonstration_dataset_id=plain(demonstration_dataset_id),
        )
        operation = Operation("PATCH", self._path(evaluator_id), self._acting, body=body)
        return self._with_client(await self._send(operation, _request_timeout))

    async def replace(
        self,
        evaluator_id: str | UUID,
        *,
        name: str,
        scoring_criteria: str,
        objective_id: str | UUID,
        model: str | None = None,
        fallback_models: Sequence[str] | None = None,
        input_variables: Sequence[InputVariable | JSONObject] | None = None,
        evaluator_demonstrations: Sequence[EvaluatorDemonstration | JSONObject] | None = None,
        demonstration_dataset_id: str | UUID | None = None,
        objective_version_id: str | UUID | None = None,
        behavior: Behavior | None = None,
        change_note: str | None = None,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> E:
        """Replace all settings of an evaluator (PUT), which makes a version, and return it.

        The arguments are those of `create`.
        """
        body = json_body(
            EvaluatorRequest,
            None,
            name=name,
            scoring_criteria=scoring_criteria,
            prompt=scoring_criteria,
            objective_id=plain(objective_id),
            models=models_of(model, fallback_models),
            input_variables=plain(input_variables),
            evaluator_demonstrations=plain(evaluator_demonstrations),
            demonstration_dataset_id=plain(demonstration_dataset_id),
            objective_version_id=plain(objective_version_id),
            behavior=behavior,
            change_note=change_note,
            project_id=plain(project_id),
        )
        # It makes a version each time.
        operation = Operation(
            "PUT", self._path(evaluator_id), self._acting, body=body, is_idempotent=False
        )
        return self._with_client(await self._send(operation, _request_timeout))

    async def delete(
        self, evaluator_id: str | UUID, *, _request_timeout: float | Deadline | None = None
    ) -> None:
        """Delete one of your evaluators. Its logs remain."""
        await self._send(Operation("DELETE", self._path(evaluator_id), NoneType), _request_timeout)

    async def duplicate(
        self,
        evaluator_id: str | UUID,
        *,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> E:
        """Copy an evaluator that you can read, and return the copy, which belongs to you.

        Args:
            evaluator_id: The ID of the evaluator.
            project_id: The project to create the copy in.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.
        """
        body = json_body(DuplicateRequest, None, project_id=plain(project_id))
        path = f"{self._collection}duplicate/{segment(evaluator_id, 'evaluator')}/"
        operation = Operation("POST", path, self._acting, body=body)
        return self._with_client(await self._send(operation, _request_timeout))

    async def export_yaml(
        self, evaluator_id: str | UUID, *, _request_timeout: float | Deadline | None = None
    ) -> str:
        """Return an evaluator as a YAML document, for `import_yaml`."""
        path = f"{self._collection}export/{segment(evaluator_id, 'evaluator')}/"
        return await self._send(Operation("GET", path, str), _request_timeout)

    async def import_yaml(
        self,
        yaml: str,
        *,
        overwrite: bool = False,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> E:
        """Create an evaluator from a YAML document, with its examples, and return it.

        Args:
            yaml: The document: `name`, `objective` with its `intent`, `scoring_criteria`,
                `demonstrations` and `calibration`.
            overwrite: Whether to replace an evaluator that has the name already. Then the call is
                retried whatever happened.
            project_id: The project to create it in.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.
        """
        body = json_body(
            ImportRequest,
            None,
            yaml=yaml,
            overwrite=overwrite or None,
            project_id=plain(project_id),
        )
        operation = Operation(
            "POST",
            f"{self._collection}import-yaml/",
            self._acting,
            body=body,
            is_idempotent=overwrite or None,
        )
        return self._with_client(await self._send(operation, _request_timeout))

    def bind(self, evaluator: EvaluatorFields) -> E:
        """Have an evaluator act through this client, and return it.

        A copy and what is unpickled have no client. One that another kind of client returned is
        copied, since its `run` would not fit. Nothing is requested.

        Raises:
            InvalidRequestError: It is not an evaluator.
        """
        if not isinstance(evaluator, EvaluatorFields):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidRequestError(
                f"Nothing was sent. Only evaluators can be bound, not {type(evaluator).__name__}."
            )
        return self._with_client(evaluator._as(self._acting))  # pyright: ignore[reportPrivateUsage]

    def _with_client(self, evaluator: E) -> E:
        evaluator._bind(self._actor)  # pyright: ignore[reportPrivateUsage]
        return evaluator

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            names = [preset.attribute for preset in presets()]
            close = difflib.get_close_matches(name, names, 1, 0.7)
            if not close:
                return super().__getattr__(name)
            raise AttributeError(
                f"{type(self).__name__!r} has no attribute {name!r}. Did you mean {close[0]!r}?"
            )
