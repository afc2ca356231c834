"""Objectives: what is sent, and what comes back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, cast

from pydantic import Field, JsonValue

from .acting import first_of
from .base import Facts, Owner, ResponseModel
from .requests import RequestModel

__all__ = ["NewObjective", "Objective", "ObjectiveList", "ObjectivePatch", "ObjectiveRequest"]


# What only older servers have, and what is for the service's own web pages.
_UNTABLED = frozenset(("test_set", "status", "validators", "_meta"))


class ObjectiveRequest(RequestModel):
    """The settings of an objective."""

    intent: Annotated[str, Field(min_length=1, max_length=100_000)] = ""
    test_dataset_id: str | None = None
    project_id: str | None = None
    force_create: bool = False


class ObjectivePatch(ObjectiveRequest):
    """Any part of the settings of an objective; nothing at all is allowed."""


class NewObjective(ResponseModel):
    """What the service returns of a new objective."""

    __facts__: ClassVar[Facts] = Facts(noun="objective")

    id: str


class _Older(ResponseModel):
    """What only older servers send of an objective."""

    @property
    def status(self) -> str | None:
        """Who can see it, if the server is an older one."""
        return cast("str | None", first_of(self, "status"))

    @property
    def validators(self) -> list[JsonValue] | None:
        """Evaluators with thresholds, if the server is an older one."""
        return cast("list[JsonValue] | None", first_of(self, "validators"))

    @property
    def test_set(self) -> list[list[str]] | None:
        """The rows that it is tested with, if the server is an older one."""
        return cast("list[list[str]] | None", first_of(self, "test_set"))


class Objective(_Older):
    """An objective: what evaluators measure.

    Attributes:
        id: The service's ID of the objective, a UUID.
        intent: What it is about.
        version_id: The ID of this version; each change of an objective makes a new one.
        owner: The user to whom it belongs.
        created_at: When it was created.
        test_dataset_id: The ID of the data set that it is tested with.
    """

    __facts__: ClassVar[Facts] = Facts(
        noun="objective", free_text=("intent",), shared_parts=("owner",), untabled=_UNTABLED
    )

    id: str
    intent: str | None = None
    version_id: str | None = None
    owner: Owner | None = None
    created_at: datetime | None = None
    test_dataset_id: str | None = None


class ObjectiveList(_Older):
    """An objective as listings show it.

    Attributes:
        id: The service's ID of the objective, a UUID.
        intent: What it is about.
        owner: The user to whom it belongs.
        created_at: When it was created.
        project_id: The project that it belongs to.
    """

    __facts__: ClassVar[Facts] = Facts(
        noun="objective",
        free_text=("intent",),
        shared_parts=("owner",),
        summary=("id", "intent"),
        untabled=_UNTABLED,
    )

    id: str
    intent: str | None = None
    owner: Owner | None = None
    created_at: datetime | None = None
    project_id: str | None = None
