"""Projects: what is sent, and what comes back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import Field

from .base import Facts, ResponseModel
from .requests import RequestModel

__all__ = ["Project", "ProjectPatch", "ProjectRequest"]

_Name = Annotated[str, Field(min_length=1, max_length=512)]


class ProjectRequest(RequestModel):
    """The settings of a project."""

    name: _Name
    description: str = ""
    is_default: bool = False


class ProjectPatch(ProjectRequest):
    """Any part of the settings of a project."""

    is_partial: ClassVar[bool] = True

    name: _Name = ""


class Project(ResponseModel):
    """A project: a workspace of the organization, to which its other objects belong.

    Attributes:
        id: The service's ID of the project, a UUID.
        name: Its name, unique in the organization.
        description: What it is for.
        is_default: Whether it is the organization's default project.
        created_at: When it was created.
        owner: The ID of the user who created it.
    """

    __facts__: ClassVar[Facts] = Facts(noun="project")

    id: str
    name: str
    description: str | None = None
    is_default: bool | None = None
    created_at: datetime | None = None
    owner: str | None = None
