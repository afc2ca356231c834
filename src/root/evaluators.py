"""Evaluators, which score texts: the resource and its results."""

from __future__ import annotations

from builtins import list as List
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias, cast, overload
from uuid import UUID

from ._accessor import Accessor, lazy, part, twin
from ._config import NOT_GIVEN, NotGiven
from ._config.deadlines import Deadline
from ._schemas.calibrations import (
    CalibrateBatchError,
    CalibrateBatchParameters,
    CalibrateBatchResult,
    EvaluatorCalibrationOutput,
    EvaluatorCalibrationResult,
)
from ._schemas.evaluators import (
    Behavior,
    EvaluatorDemonstration,
    EvaluatorListOutput,
    InputVariable,
    ModelParams,
    ReferenceVariable,
)
from ._schemas.executions import EvaluatorExecutionResult, Function, JSONObject, Turn, TurnInput
from ._schemas.pages import ListResponse
from ._schemas.presets import Eval, EvaluatorName, Preset, PresetDoc
from ._sync.resources.evaluators import resource as _sync
from ._sync.resources.evaluators import runner as _runner
from ._sync.resources.evaluators import versions as _versions

if TYPE_CHECKING:
    from ._async.pager import AsyncPager
    from ._async.resources.evaluators.resource import AsyncEvaluators
    from ._async.resources.evaluators.runner import AsyncEvaluator, AsyncPresetEvaluator
    from ._async.resources.evaluators.versions import AsyncEvaluatorVersions
    from ._concurrency.bulk import Progress
    from ._twins import TwinSender
    from .errors import RootSignalsError

__all__ = [
    "AsyncEvaluator",
    "AsyncEvaluatorVersions",
    "AsyncEvaluators",
    "AsyncPresetEvaluator",
    "Behavior",
    "CalibrateBatchError",
    "CalibrateBatchParameters",
    "CalibrateBatchResult",
    "Eval",
    "Evaluator",
    "EvaluatorCalibrationOutput",
    "EvaluatorCalibrationResult",
    "EvaluatorDemonstration",
    "EvaluatorExecutionResult",
    "EvaluatorListOutput",
    "EvaluatorName",
    "EvaluatorVersions",
    "Evaluators",
    "Function",
    "InputVariable",
    "JSONObject",
    "ModelParams",
    "PresetEvaluator",
    "ReferenceVariable",
    "Turn",
    "TurnInput",
]

# What not every program needs is imported on first use.
__getattr__: Callable[[str], object] = lazy(
    globals(),
    {
        "._async.resources.evaluators.resource": ("AsyncEvaluators",),
        "._async.resources.evaluators.runner": ("AsyncEvaluator", "AsyncPresetEvaluator"),
        "._async.resources.evaluators.versions": ("AsyncEvaluatorVersions",),
    },
)


class Runner(_runner.Runner):
    """An evaluator that can be run."""

    @property
    def _async(self) -> AsyncPresetEvaluator:
        from ._async.resources.evaluators.runner import AsyncPresetEvaluator

        target = self._target()
        whole = cast("TwinSender", target.client)
        return AsyncPresetEvaluator(
            whole._async,  # pyright: ignore[reportPrivateUsage]
            target.evaluator_id,
            "",
            target.version_id,
        )

    # Generated twins of AsyncRunner (run) in _async/resources/evaluators/runner.py. Do not edit.

    async def arun(
        self,
        response: str | None = None,
        request: str | None = None,
        contexts: Sequence[str] | None = None,
        functions: Sequence[Function] | None = None,
        expected_output: str | None = None,
        variables: Mapping[str, str] | None = None,
        tags: Sequence[str] | None = None,
        *,
        turns: Sequence[TurnInput] | None = None,
        tools: Sequence[JSONObject] | None = None,
        user_id: str | None = None,
        session_id: str | None = None,
        system_prompt: str | None = None,
        file_ids: Sequence[str | UUID] | None = None,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> EvaluatorExecutionResult:
        """Run it, and return the result with `.score` and `.justification`.

        It costs money, so it is sent again only if the service did not receive the request or
        refused to process it. The service waits for models: an attempt may take 120 seconds if the
        client's `timeout` is the default of 30.

        Args:
            response: The text to evaluate, usually the response of a model.
            request: What it responds to, usually the prompt of a user.
            contexts: Texts that the response is based on, such as what was found for it.
            functions: The functions that the model could call, for older servers.
            expected_output: The response that was expected.
            variables: The values of the evaluator's own variables.
            tags: Labels of the log of this execution, to find it by.
            turns: A conversation to evaluate, instead of `request` and `response`.
            tools: The tools that the model could call, in OpenAI's format.
            user_id: The user whose request it was, for the log.
            session_id: The session that it belongs to, for the log.
            system_prompt: The system prompt of the model, for the log.
            file_ids: The IDs of files to evaluate with.
            project_id: The project of the log; that of the evaluator if omitted.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.

        Raises:
            InvalidRequestError: There is nothing to evaluate, or an argument is invalid.
        """
        return await self._async.run(
            response,
            request,
            contexts,
            functions,
            expected_output,
            variables,
            tags,
            turns=turns,
            tools=tools,
            user_id=user_id,
            session_id=session_id,
            system_prompt=system_prompt,
            file_ids=file_ids,
            project_id=project_id,
            _request_timeout=_request_timeout,
        )


class Evaluator(_runner.Evaluator, Runner):
    """An evaluator. `run` and `arun` run the version that was loaded, not the latest one."""


class PresetEvaluator(_runner.PresetEvaluator, Runner):
    """An evaluator of the service: call it, or await its `arun`. It runs the latest version."""

    __doc__ = PresetDoc(__doc__)  # pyright: ignore[reportAssignmentType]


class EvaluatorVersions(_versions.EvaluatorVersions[Evaluator]):
    """The versions of evaluators; `client.evaluators.versions` is an instance."""

    # Generated twins of AsyncEvaluatorVersions[Evaluator] in
    # _async/resources/evaluators/versions.py. Do not edit.

    def __init__(self, client: TwinSender) -> None:
        super().__init__(client)
        self._whole = client

    _async: Accessor[AsyncEvaluatorVersions[Evaluator]] = Accessor(
        "root._async.resources.evaluators.versions", "AsyncEvaluatorVersions", twin
    )

    async def alist(
        self,
        evaluator_id: str | UUID,
        *,
        cursor: str | None = None,
        page_size: int | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> ListResponse[Evaluator]:
        """Return a page of the versions of an evaluator, the newest first, in `.results`.

        Args:
            evaluator_id: The ID of the evaluator.
            cursor: The `.next` of the page before, or None for the first page.
            page_size: Number of versions of a page; the service limits it.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.
        """
        return await self._async.list(
            evaluator_id, cursor=cursor, page_size=page_size, _request_timeout=_request_timeout
        )


class Evaluators(_sync.Evaluators[Evaluator, PresetEvaluator]):
    """Evaluators, which score texts; `client.evaluators` is an instance.

    Each method has a twin with the prefix `a`, which is awaited (`alist` is iterated with
    `async for`) and is the same otherwise. The evaluators of the service are attributes:
    `client.evaluators.Relevance(response, request)`, and `.Relevance.arun(...)` is awaited.

    All methods raise `APIConnectionError`, `APIStatusError` and `APIResponseError` as described in
    `root.errors`, and `InvalidRequestError` for what the API would reject, before anything is
    sent. `_request_timeout` is the seconds for the whole call, with all attempts and waits, or
    a `root.Deadline`; it shortens the client's `deadline`, and does not extend it.
    """

    _acting: type[Evaluator] = Evaluator
    _preset_type = PresetEvaluator

    Eval: ClassVar[type[Eval]] = Eval
    """The IDs of the evaluators of the service: `Evaluators.Eval.Relevance.value`."""
    EvaluatorName: TypeAlias = EvaluatorName
    """The names of the evaluators of the service, as attributes."""

    versions: Accessor[EvaluatorVersions] = Accessor("root.evaluators", "EvaluatorVersions", part)  # pyright: ignore[reportIncompatibleVariableOverride]
    """The versions of evaluators."""

    def _preset(self, preset: Preset, /) -> PresetEvaluator:
        if getattr(self._whole, "run_async", False):
            # Code for the old SDK awaits the call itself.
            from ._async.resources.evaluators.runner import AsyncPresetEvaluator

            half = self._whole._async  # pyright: ignore[reportPrivateUsage]
            runner = AsyncPresetEvaluator(half, preset.id, preset.attribute)
            # As on the blocking runner that type checkers see.
            vars(runner)["arun"] = runner.run
            return cast("PresetEvaluator", runner)
        return PresetEvaluator(self._whole, preset.id, preset.attribute)

    # Generated twins of AsyncEvaluators[Evaluator, PresetEvaluator] in
    # _async/resources/evaluators/resource.py. Do not edit.

    def __init__(self, client: TwinSender) -> None:
        super().__init__(client)
        self._whole = client

    _async: Accessor[AsyncEvaluators[Evaluator, PresetEvaluator]] = Accessor(
        "root._async.resources.evaluators.resource", "AsyncEvaluators", twin
    )

    @overload
    def alist(
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
    def alist(
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
    ) -> AsyncPager[Evaluator]: ...

    @overload
    def alist(
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
    ) -> AsyncPager[EvaluatorListOutput] | AsyncPager[Evaluator]: ...

    def alist(
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
    ) -> AsyncPager[EvaluatorListOutput] | AsyncPager[Evaluator]:
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
        return self._async.list(
            search_term,
            limit=limit,
            name=name,
            only_root_evaluators=only_root_evaluators,
            project_id=project_id,
            include_public=include_public,
            skill_type=skill_type,
            intent=intent,
            owner_email=owner_email,
            ordering=ordering,
            page_size=page_size,
            cursor=cursor,
            prefetch=prefetch,
            details=details,
            concurrency=concurrency,
            _request_timeout=_request_timeout,
        )

    async def acreate(
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
    ) -> Evaluator:
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
        return await self._async.create(
            predicate,
            name=name,
            intent=intent,
            model=model,
            fallback_models=fallback_models,
            reference_variables=reference_variables,
            input_variables=input_variables,
            model_params=model_params,
            evaluator_demonstrations=evaluator_demonstrations,
            objective_id=objective_id,
            overwrite=overwrite,
            scoring_criteria=scoring_criteria,
            demonstration_dataset_id=demonstration_dataset_id,
            objective_version_id=objective_version_id,
            behavior=behavior,
            change_note=change_note,
            project_id=project_id,
            _request_timeout=_request_timeout,
        )

    async def aget(
        self,
        evaluator_id: str | UUID,
        *,
        version_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> Evaluator:
        """Retrieve an evaluator by its ID.

        Args:
            evaluator_id: The ID of the evaluator.
            version_id: The version to retrieve; the latest one if omitted.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.
        """
        return await self._async.get(
            evaluator_id, version_id=version_id, _request_timeout=_request_timeout
        )

    async def aget_by_name(
        self, name: str, *, _request_timeout: float | Deadline | None = None
    ) -> Evaluator:
        """Retrieve an evaluator by its exact name.

        If several have the name, a warning is issued, and the first one that the service lists is
        returned, usually the newest one of your organization.

        Raises:
            InvalidRequestError: There is no evaluator with this name, or it is empty.
        """
        return await self._async.get_by_name(name, _request_timeout=_request_timeout)

    async def aupdate(
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
    ) -> Evaluator:
        """Update some fields of an evaluator, which makes a version, and return it.

        Omitted fields keep their values. An empty list empties a field, and so does None for
        `demonstration_dataset_id`. The models are one list: pass `model` together with
        `fallback_models`, or the first of these takes its place; an empty list alone changes
        nothing. The arguments are those of `create`.
        """
        return await self._async.update(
            evaluator_id,
            change_note=change_note,
            fallback_models=fallback_models,
            input_variables=input_variables,
            model=model,
            name=name,
            predicate=predicate,
            reference_variables=reference_variables,
            model_params=model_params,
            evaluator_demonstrations=evaluator_demonstrations,
            objective_id=objective_id,
            scoring_criteria=scoring_criteria,
            demonstration_dataset_id=demonstration_dataset_id,
            objective_version_id=objective_version_id,
            behavior=behavior,
            project_id=project_id,
            _request_timeout=_request_timeout,
        )

    async def areplace(
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
    ) -> Evaluator:
        """Replace all settings of an evaluator (PUT), which makes a version, and return it.

        The arguments are those of `create`.
        """
        return await self._async.replace(
            evaluator_id,
            name=name,
            scoring_criteria=scoring_criteria,
            objective_id=objective_id,
            model=model,
            fallback_models=fallback_models,
            input_variables=input_variables,
            evaluator_demonstrations=evaluator_demonstrations,
            demonstration_dataset_id=demonstration_dataset_id,
            objective_version_id=objective_version_id,
            behavior=behavior,
            change_note=change_note,
            project_id=project_id,
            _request_timeout=_request_timeout,
        )

    async def adelete(
        self, evaluator_id: str | UUID, *, _request_timeout: float | Deadline | None = None
    ) -> None:
        """Delete one of your evaluators. Its logs remain."""
        return await self._async.delete(evaluator_id, _request_timeout=_request_timeout)

    async def aduplicate(
        self,
        evaluator_id: str | UUID,
        *,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> Evaluator:
        """Copy an evaluator that you can read, and return the copy, which belongs to you.

        Args:
            evaluator_id: The ID of the evaluator.
            project_id: The project to create the copy in.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.
        """
        return await self._async.duplicate(
            evaluator_id, project_id=project_id, _request_timeout=_request_timeout
        )

    async def aexport_yaml(
        self, evaluator_id: str | UUID, *, _request_timeout: float | Deadline | None = None
    ) -> str:
        """Return an evaluator as a YAML document, for `import_yaml`."""
        return await self._async.export_yaml(evaluator_id, _request_timeout=_request_timeout)

    async def aimport_yaml(
        self,
        yaml: str,
        *,
        overwrite: bool = False,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> Evaluator:
        """Create an evaluator from a YAML document, with its examples, and return it.

        Args:
            yaml: The document: `name`, `objective` with its `intent`, `scoring_criteria`,
                `demonstrations` and `calibration`.
            overwrite: Whether to replace an evaluator that has the name already. Then the call is
                retried whatever happened.
            project_id: The project to create it in.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.
        """
        return await self._async.import_yaml(
            yaml, overwrite=overwrite, project_id=project_id, _request_timeout=_request_timeout
        )

    async def acalibrate(
        self,
        *,
        name: str,
        test_dataset_id: str | UUID | None = None,
        test_data: Sequence[Sequence[str]] | None = None,
        prompt: str,
        model: str,
        pii_filter: bool = False,
        reference_variables: Sequence[ReferenceVariable | JSONObject] | None = None,
        input_variables: Sequence[InputVariable | JSONObject] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[EvaluatorCalibrationOutput]:
        """Run an evaluator that is not stored on rows with expected scores.

        Each row costs money, so it is sent again only if the service did not receive the
        request or refused to process it. An attempt may take 900 seconds if the client's `timeout`
        is the default of 30. Newer servers have no such endpoint.

        Args:
            name: The name of the evaluator.
            test_dataset_id: The ID of a data set with the rows.
            test_data: The rows, instead of a data set: strings with the expected score, the
                response, and the request if there is one.
            prompt: The text of the evaluator, a template with variables in double braces.
            model: The name of its model.
            pii_filter: Whether older servers remove personal data first.
            reference_variables: Variables whose values come from data sets, for older servers.
            input_variables: Variables of its text.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.

        Raises:
            InvalidRequestError: There is not exactly one of `test_data` and `test_dataset_id`.
        """
        return await self._async.calibrate(
            name=name,
            test_dataset_id=test_dataset_id,
            test_data=test_data,
            prompt=prompt,
            model=model,
            pii_filter=pii_filter,
            reference_variables=reference_variables,
            input_variables=input_variables,
            _request_timeout=_request_timeout,
        )

    async def acalibrate_existing(
        self,
        evaluator_id: str | UUID,
        *,
        test_dataset_id: str | UUID | None = None,
        test_data: Sequence[Sequence[str]] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[EvaluatorCalibrationOutput]:
        """Run a stored evaluator on rows with expected scores.

        The arguments and the cost are those of `calibrate`.
        """
        return await self._async.calibrate_existing(
            evaluator_id,
            test_dataset_id=test_dataset_id,
            test_data=test_data,
            _request_timeout=_request_timeout,
        )

    async def acalibrate_batch(
        self,
        *,
        evaluator_definitions: Sequence[CalibrateBatchParameters],
        test_dataset_id: str | UUID | None = None,
        test_data: Sequence[Sequence[str]] | None = None,
        parallel_requests: int = 1,
        errors: Literal["raise", "collect"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> CalibrateBatchResult:
        """Calibrate several evaluators that are not stored, and compare their differences.

        Args:
            evaluator_definitions: The evaluators.
            test_dataset_id: The ID of a data set with the rows.
            test_data: The rows, instead of a data set.
            parallel_requests: Maximum number of concurrent requests.
            errors: "raise" stops at the first evaluator that fails; "collect" leaves it out.
            on_progress: Called for each evaluator.
            _request_timeout: Seconds for all requests together, or a `root.Deadline`.

        Raises:
            CalibrateBatchError: An evaluator failed. `.results` has the rows of the others.
            InvalidRequestError: There is not exactly one of `test_data` and `test_dataset_id`.
        """
        return await self._async.calibrate_batch(
            evaluator_definitions=evaluator_definitions,
            test_dataset_id=test_dataset_id,
            test_data=test_data,
            parallel_requests=parallel_requests,
            errors=errors,
            on_progress=on_progress,
            _request_timeout=_request_timeout,
        )

    async def arun(
        self,
        evaluator_id: str | UUID,
        *,
        request: str | None = None,
        response: str | None = None,
        contexts: Sequence[str] | None = None,
        functions: Sequence[Function] | None = None,
        expected_output: str | None = None,
        evaluator_version_id: str | UUID | None = None,
        variables: Mapping[str, str] | None = None,
        tags: Sequence[str] | None = None,
        turns: Sequence[TurnInput] | None = None,
        tools: Sequence[JSONObject] | None = None,
        user_id: str | None = None,
        session_id: str | None = None,
        system_prompt: str | None = None,
        file_ids: Sequence[str | UUID] | None = None,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> EvaluatorExecutionResult:
        """Run an evaluator, and return the result with `.score` and `.justification`.

        It costs money, so it is sent again only if the service did not receive the request or
        refused to process it. The service waits for models: an attempt may take 120 seconds if the
        client's `timeout` is the default of 30.

        Args:
            evaluator_id: The ID of the evaluator.
            request: What `response` responds to, usually the prompt of a user.
            response: The text to evaluate, usually the response of a model.
            contexts: Texts that the response is based on, such as what was found for it.
            functions: The functions that the model could call, for older servers.
            expected_output: The response that was expected.
            evaluator_version_id: The version to run; the latest one if omitted.
            variables: The values of the evaluator's own variables.
            tags: Labels of the log of this execution, to find it by.
            turns: A conversation to evaluate, instead of `request` and `response`.
            tools: The tools that the model could call, in OpenAI's format.
            user_id: The user whose request it was, for the log.
            session_id: The session that it belongs to, for the log.
            system_prompt: The system prompt of the model, for the log.
            file_ids: The IDs of files to evaluate with.
            project_id: The project of the log; that of the evaluator if omitted.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.
        """
        return await self._async.run(
            evaluator_id,
            request=request,
            response=response,
            contexts=contexts,
            functions=functions,
            expected_output=expected_output,
            evaluator_version_id=evaluator_version_id,
            variables=variables,
            tags=tags,
            turns=turns,
            tools=tools,
            user_id=user_id,
            session_id=session_id,
            system_prompt=system_prompt,
            file_ids=file_ids,
            project_id=project_id,
            _request_timeout=_request_timeout,
        )

    async def arun_by_name(
        self,
        name: str,
        *,
        request: str | None = None,
        response: str | None = None,
        contexts: Sequence[str] | None = None,
        functions: Sequence[Function] | None = None,
        expected_output: str | None = None,
        evaluator_version_id: str | UUID | None = None,
        variables: Mapping[str, str] | None = None,
        tags: Sequence[str] | None = None,
        turns: Sequence[TurnInput] | None = None,
        tools: Sequence[JSONObject] | None = None,
        user_id: str | None = None,
        session_id: str | None = None,
        system_prompt: str | None = None,
        file_ids: Sequence[str | UUID] | None = None,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> EvaluatorExecutionResult:
        """Run the evaluator with a name, and return the result.

        The other arguments are those of `run`. If several evaluators have the name, the service
        prefers one of your organization. `name` is the exact name, such as `Helpfulness`.
        """
        return await self._async.run_by_name(
            name,
            request=request,
            response=response,
            contexts=contexts,
            functions=functions,
            expected_output=expected_output,
            evaluator_version_id=evaluator_version_id,
            variables=variables,
            tags=tags,
            turns=turns,
            tools=tools,
            user_id=user_id,
            session_id=session_id,
            system_prompt=system_prompt,
            file_ids=file_ids,
            project_id=project_id,
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
    ) -> List[Evaluator]: ...

    @overload
    async def aretrieve_many(
        self,
        ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["collect"],
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[Evaluator | RootSignalsError]: ...

    async def aretrieve_many(
        self,
        ids: Iterable[str | UUID],
        *,
        concurrency: int = 8,
        errors: Literal["raise", "collect"] = "raise",
        on_progress: Callable[[Progress], None] | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> List[Evaluator] | List[Evaluator | RootSignalsError]:
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

    aretrieve = aget
