"""Generation of judges, and the samples that the service makes for them."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from ...._config.deadlines import Deadline
from ...._http.operation import Operation
from ...._schemas.executions import JSONObject, plain
from ...._schemas.judges import (
    JudgeGeneratorRequest,
    JudgeGeneratorResponse,
    JudgeVisibility,
    SyntheticData,
    visibility_named,
)
from ...._schemas.requests import json_body
from ...resource import AsyncResource

__all__ = ["AsyncJudgeGeneration"]

_TIMEOUT = 300.0


class AsyncJudgeGeneration(AsyncResource):
    """Generation of judges."""

    async def generate(
        self,
        *,
        intent: str,
        visibility: JudgeVisibility = "private",
        stage: str | None = None,
        extra_contexts: Mapping[str, str | None] | None = None,
        strict: bool = False,
        judge_id: str | UUID | None = None,
        name: str | None = None,
        overwrite: bool = False,
        file_id: str | UUID | None = None,
        enable_context_aware_evaluators: bool | None = None,
        generating_model_params: JSONObject | None = None,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> JudgeGeneratorResponse:
        """Have the service make a judge from a description, and return its ID as `.judge_id`.

        It takes up to two minutes: an attempt may take 300 seconds if the client's `timeout` is
        the default of 30. It costs money, so it is sent again only if the service did not
        receive the request or refused to process it.

        Args:
            intent: What to evaluate, in 10 to 20,000 characters.
            visibility: Who can see the judge: `private` for the organization, or `public`.
            stage: The stage of the application that it is for, if the intent has several.
            extra_contexts: Further facts by name, such as `{"Tone of voice": "formal"}`.
            strict: Whether to refuse an intent that is unclear.
            judge_id: The ID of a judge to generate again.
            name: The name of the judge; the service makes one if omitted.
            overwrite: Whether to replace a judge that has the name already.
            file_id: The ID of a file that the judge uses as a context.
            enable_context_aware_evaluators: Whether evaluators that need `contexts` may be used
                even without a file.
            generating_model_params: `seed` and `reasoning_effort` (`off`, `low`, `medium` or
                `high`) of the model that generates it.
            project_id: The project to create it in; the default project if omitted.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.

        Returns:
            The IDs of the judge and its version. With an `.error_code`, such as `multiple_stages`,
            it is not complete.
        """
        body = json_body(
            JudgeGeneratorRequest,
            None,
            intent=intent,
            visibility=visibility_named(visibility),
            stage=stage,
            extra_contexts=plain(extra_contexts),
            # Sent also if they are false, since the service has other defaults.
            strict=strict,
            overwrite=overwrite,
            judge_id=plain(judge_id),
            name=name,
            file_id=plain(file_id),
            enable_context_aware_evaluators=enable_context_aware_evaluators,
            generating_model_params=plain(generating_model_params),
            project_id=plain(project_id),
        )
        operation = Operation(
            "POST",
            f"{self._collection}generate/",
            JudgeGeneratorResponse,
            body=body,
            slow_timeout=_TIMEOUT,
            costs_money=True,
        )
        return await self._send(operation, _request_timeout)

    async def synthetic_data(
        self, judge_id: str | UUID, *, _request_timeout: float | Deadline | None = None
    ) -> SyntheticData:
        """Return samples that show what a judge evaluates.

        The service makes them in the background: `status` is `pending` until they are `ready`.
        """
        path = self._path(judge_id, "synthetic-data/")
        return await self._send(Operation("GET", path, SyntheticData), _request_timeout)
