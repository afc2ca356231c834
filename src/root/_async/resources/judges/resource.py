"""The judges of an organization."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from types import NoneType
from typing import Generic, TypeVar, cast
from uuid import UUID

from ...._accessor import Accessor, part
from ...._config import NOT_GIVEN, NotGiven
from ...._config.deadlines import Deadline
from ...._http.operation import Operation
from ...._schemas.executions import JSONObject, plain
from ...._schemas.judges import (
    ClaimRequest,
    EvaluatorReference,
    InviteRequest,
    JudgeCopyRequest,
    JudgeFields,
    JudgePatch,
    JudgeRequest,
    JudgeStatus,
    JudgeVisibility,
    references_of,
    visibilities_of,
)
from ...._schemas.queries import query_of
from ...._schemas.requests import json_body
from ...._secrets.secret import as_secret
from ....errors import InvalidRequestError
from ...pager import AsyncPager
from ...resource import AsyncCollection
from .batches import AsyncJudgeBatches
from .execution import AsyncJudgeExecution
from .generation import AsyncJudgeGeneration
from .judge import AsyncJudge

__all__ = ["AsyncJudges"]

J = TypeVar("J", bound=JudgeFields)


class AsyncJudges(AsyncJudgeExecution, AsyncJudgeGeneration, AsyncCollection[J], Generic[J]):
    """Judges, which run several evaluators at once; `client.judges` is an instance.

    All methods raise `APIConnectionError`, `APIStatusError` and `APIResponseError` as described in
    `root.errors`, and `InvalidRequestError` for what the API would reject, before anything is
    sent. `_request_timeout` is the seconds for the whole call, with all attempts and waits, or
    a `root.Deadline`; it shortens the client's `deadline`, and does not extend it.
    """

    _collection = "/v1/judges/"
    _item_type = JudgeFields
    _acting: type[J] = cast("type[J]", AsyncJudge)

    batches: Accessor[AsyncJudgeBatches] = Accessor(
        "root._async.resources.judges.batches", "AsyncJudgeBatches", part
    )
    """Batches of executions, which run in the background."""

    def list(
        self,
        *,
        limit: int | None = 100,
        search_term: str | None = None,
        name: str | None = None,
        project_id: str | UUID | None = None,
        include_public: bool = False,
        is_preset: bool | None = None,
        featured: bool | None = None,
        executed_at_gte: datetime | str | None = None,
        intent_evaluability_score_gte: float | None = None,
        ordering: str | None = None,
        page_size: int | None = None,
        cursor: str | None = None,
        prefetch: bool = False,
        details: bool = False,
        concurrency: int = 8,
        _request_timeout: float | Deadline | None = None,
    ) -> AsyncPager[J]:
        """Return an iterator over judges, which can run.

        Nothing is requested before the first item is needed, and nothing after you stop (except
        for one page with `prefetch`).

        Args:
            limit: Maximum number of judges, or None for all.
            search_term: List only those whose name or intent contains this text.
            name: List only those with exactly this name.
            project_id: List only those of this project.
            include_public: Whether to list the public ones of other organizations, too.
            is_preset: List only those that the service has made, or only the others.
            featured: List only those that the service features, or only the others.
            executed_at_gte: List only those that were run at this time or later.
            intent_evaluability_score_gte: List only those whose intent can be evaluated at least
                as well as this.
            ordering: The field to sort by, such as `name`; `-name` for descending.
            page_size: Number of judges of a page; the service limits it, usually to 100.
            cursor: Where to continue: the `.cursor` of an earlier listing, or of its error.
            prefetch: Whether to request the next page while you use this one.
            details: Whether to retrieve each judge: a listing has no
                `files`, `stage` and `version_id`. One that is deleted meanwhile is left out.
            concurrency: Maximum number of judges that are retrieved concurrently.
            _request_timeout: Seconds for each page and each judge, or a `root.Deadline` for all
                of them.

        Raises:
            PaginationError: While iterating, if a cursor repeats, or the next page has none.
        """
        listing = self._list(
            self._acting,
            query=query_of(
                search=search_term,
                name=name,
                project_id=project_id,
                include_public=include_public or None,
                is_preset=is_preset,
                featured=featured,
                executed_at_gte=executed_at_gte,
                intent_evaluability_score_gte=intent_evaluability_score_gte,
            ),
            limit=limit,
            page_size=page_size,
            ordering=ordering,
            cursor=cursor,
            prefetch=prefetch,
            deadline=_request_timeout,
            bind=self._with_client,
        )
        if not details:
            return listing
        return self._with_details(
            listing, self._acting, concurrency=concurrency, deadline=_request_timeout
        )

    async def create(
        self,
        *,
        name: str,
        intent: str,
        evaluator_references: Sequence[EvaluatorReference | JSONObject] | None = None,
        stage: str | None = None,
        status: JudgeStatus = "unlisted",
        visibility: JudgeVisibility | None = None,
        file_id: str | UUID | None = None,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> J:
        """Create a judge of evaluators and return it; its `run` runs it.

        Args:
            name: Its name; 3 to 512 characters.
            intent: What it evaluates.
            evaluator_references: Its evaluators: `{"id": ...}`, with a `version_id` for a certain
                version. `root.evaluators.Eval` has the IDs of those of the service.
            stage: The stage of the application that it evaluates.
            status: The visibility, by its older name and in its terms.
            visibility: Who can see it: `private` for the organization, which is the default, or
                `public`.
            file_id: The ID of a file that it uses as a context.
            project_id: The project to create it in; the default project if omitted.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.
        """
        body = json_body(
            JudgeRequest,
            None,
            name=name,
            intent=intent,
            evaluator_references=references_of(evaluator_references),
            stage=stage,
            **visibilities_of(visibility, status),
            file_id=plain(file_id),
            project_id=plain(project_id),
        )
        operation = Operation("POST", self._collection, self._acting, body=body)
        return self._with_client(await self._send(operation, _request_timeout))

    async def get(
        self, judge_id: str | UUID, *, _request_timeout: float | Deadline | None = None
    ) -> J:
        """Retrieve a judge by its ID."""
        operation = Operation("GET", self._path(judge_id), self._acting)
        return self._with_client(await self._send(operation, _request_timeout))

    retrieve = get

    async def get_by_name(
        self, name: str, *, _request_timeout: float | Deadline | None = None
    ) -> J:
        """Retrieve a judge by its exact name.

        If several have the name, a warning is issued, and the first one that the service lists is
        returned, usually the newest.

        Raises:
            InvalidRequestError: There is no judge with this name, or it is empty.
        """
        return await self._first_named(
            name, lambda: self.list(name=name, limit=2), _request_timeout
        )

    async def update(
        self,
        judge_id: str | UUID,
        *,
        name: str | None = None,
        evaluator_references: Sequence[EvaluatorReference | JSONObject] | None = None,
        intent: str | None = None,
        stage: str | None = None,
        visibility: JudgeVisibility | None = None,
        status: JudgeStatus | None = None,
        file_id: str | UUID | NotGiven | None = NOT_GIVEN,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> J:
        """Update some fields of a judge, which makes a version, and return it.

        Omitted fields keep their values. An empty list removes all evaluators, and None for
        `file_id` removes the file. The arguments are those of `create`.
        """
        settings: dict[str, object] = {
            "name": name,
            "evaluator_references": references_of(evaluator_references),
            "intent": intent,
            "stage": stage,
            "visibility": None,
            **visibilities_of(visibility, status),
            "project_id": plain(project_id),
        }
        given = {name: value for name, value in settings.items() if value is not None}
        body = json_body(
            JudgePatch,
            NOT_GIVEN,
            **dict.fromkeys(settings, NOT_GIVEN) | given,
            file_id=plain(file_id),
        )
        operation = Operation("PATCH", self._path(judge_id), self._acting, body=body)
        return self._with_client(await self._send(operation, _request_timeout))

    async def replace(
        self,
        judge_id: str | UUID,
        *,
        name: str,
        intent: str,
        evaluator_references: Sequence[EvaluatorReference | JSONObject] | None = None,
        stage: str | None = None,
        visibility: JudgeVisibility = "private",
        file_id: str | UUID | None = None,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> J:
        """Replace all settings of a judge (PUT), which makes a version, and return it.

        The arguments are those of `create`.
        """
        body = json_body(
            JudgeRequest,
            None,
            name=name,
            intent=intent,
            evaluator_references=references_of(evaluator_references),
            stage=stage,
            **visibilities_of(visibility, None),
            file_id=plain(file_id),
            project_id=plain(project_id),
        )
        # It makes a version each time.
        operation = Operation(
            "PUT", self._path(judge_id), self._acting, body=body, is_idempotent=False
        )
        return self._with_client(await self._send(operation, _request_timeout))

    async def delete(
        self, judge_id: str | UUID, *, _request_timeout: float | Deadline | None = None
    ) -> None:
        """Delete a judge. Its evaluators and logs remain."""
        await self._send(Operation("DELETE", self._path(judge_id), NoneType), _request_timeout)

    async def duplicate(
        self,
        judge_id: str | UUID,
        *,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> J:
        """Copy a judge that you can read, and return the copy, which belongs to you.

        Args:
            judge_id: The ID of the judge.
            project_id: The project to create the copy in.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.
        """
        body = json_body(JudgeCopyRequest, None, project_id=plain(project_id))
        path = self._path(judge_id, "duplicate/")
        operation = Operation("POST", path, self._acting, body=body)
        return self._with_client(await self._send(operation, _request_timeout))

    async def invite(
        self,
        judge_id: str | UUID,
        *,
        emails: Sequence[str],
        judge_url: str,
        _request_timeout: float | Deadline | None = None,
    ) -> None:
        """Have the service invite others to a judge by e-mail.

        Args:
            judge_id: The ID of the judge.
            emails: The addresses, at most ten.
            judge_url: The address of the judge's page, for the e-mail.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.
        """
        body = json_body(InviteRequest, None, emails=plain(emails), judge_url=judge_url)
        operation = Operation("POST", self._path(judge_id, "invite/"), NoneType, body=body)
        await self._send(operation, _request_timeout)

    async def claim(
        self,
        claim_token: str | UUID,
        *,
        project_id: str | UUID | None = None,
        _request_timeout: float | Deadline | None = None,
    ) -> J:
        """Take over a judge that a temporary user has generated, and return it.

        Args:
            claim_token: The `claim_token` that its generation returned.
            project_id: The project to move it to; the default project if omitted.
            _request_timeout: Seconds for the whole call, or a `root.Deadline`.
        """
        claim_token = as_secret(str(claim_token) if isinstance(claim_token, UUID) else claim_token)
        body = json_body(ClaimRequest, None, claim_token=claim_token, project_id=plain(project_id))
        operation = Operation("POST", f"{self._collection}claim/", self._acting, body=body)
        return self._with_client(await self._send(operation, _request_timeout))

    def bind(self, judge: JudgeFields) -> J:
        """Have a judge act through this client, and return it.

        A copy and what is unpickled have no client. One that another kind of client returned is
        copied, since its `run` would not fit. Nothing is requested.

        Raises:
            InvalidRequestError: It is not a judge.
        """
        if not isinstance(judge, JudgeFields):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidRequestError(
                f"Nothing was sent. Only judges can be bound, not {type(judge).__name__}."
            )
        return self._with_client(judge._as(self._acting))  # pyright: ignore[reportPrivateUsage]

    def _with_client(self, judge: J) -> J:
        judge._bind(self._actor)  # pyright: ignore[reportPrivateUsage]
        return judge
