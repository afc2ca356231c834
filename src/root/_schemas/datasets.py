"""Data sets: what is sent, and what comes back."""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, BinaryIO, ClassVar, Literal, TypeAlias, cast

from pydantic import Field

from .._forks import import_lock
from .._secrets.secret import SecretBytes
from ..errors import InvalidRequestError, short_traceback
from .base import Facts, Owner, Parts, ResponseModel
from .requests import Body, RequestModel, json_body, multipart_body

if TYPE_CHECKING:
    from .files import FilePart

__all__ = ["DataSetCreate", "DataSetList", "DataSetRequest", "DataSetType", "data_set_body"]

DataSetType: TypeAlias = Literal["reference", "test"] | str
"""What a data set is for; a value that is newer than this release is a plain string."""

_MEDIA_TYPES = {
    ".csv": "text/csv",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".tsv": "text/tab-separated-values",
    ".txt": "text/plain",
}


class DataSetRequest(RequestModel):
    """The settings of a data set."""

    name: Annotated[str, Field(min_length=1)] = ""
    type: Annotated[str, Field(min_length=1)] = ""
    url: Annotated[str, Field(min_length=1)] = ""
    tags: list[str] | None = None
    has_header: bool = False
    project_id: str = ""


class DataSetCreate(ResponseModel):
    """What the service returns of a new data set.

    Attributes:
        id: The service's ID of the data set, a UUID.
        name: Its name; that of its file if none was given.
        type: What it is for.
        file: The URL of the stored file.
        url: The URL that it was created from.
        has_header: Whether the first row of the file has the names of the columns.
        tags: The IDs of its tags.
        owner: The user to whom it belongs.
        project_id: The project that it belongs to.
    """

    __facts__: ClassVar[Facts] = Facts(noun="data set")

    id: str
    name: str | None = None
    type: DataSetType | None = None
    file: str | None = None
    url: str | None = None
    has_header: bool | None = None
    tags: Parts[str] | None = None
    owner: Owner | None = None
    project_id: str | None = None


class DataSetList(ResponseModel):
    """A data set.

    Attributes:
        id: The service's ID of the data set, a UUID.
        name: Its name.
        type: What it is for.
        status: Who can see it.
        tags: The IDs of its tags.
        owner: The user to whom it belongs.
        project_id: The project that it belongs to.
        created_at: When it was created.
    """

    __facts__: ClassVar[Facts] = Facts(
        noun="data set",
        shared_parts=("owner",),
        summary=("id", "name", "type", "created_at"),
        # It is for the service's own web pages.
        untabled=frozenset(("_meta",)),
    )

    id: str
    name: str | None = None
    type: DataSetType | None = None
    status: str | None = None
    tags: Parts[str] | None = None
    owner: Owner | None = None
    project_id: str | None = None
    created_at: datetime | None = None


def data_set_body(
    *,
    path: str | os.PathLike[str] | None,
    file: BinaryIO | bytes | None,
    url: str | None,
    name: str | None,
    **fields: object,
) -> Body:
    """Build and validate the body of a new data set: a form if it has a file, or else JSON.

    Fields that are None are omitted.

    Raises:
        InvalidRequestError: A field is invalid, a file cannot be read, or there are several
            sources.
    """
    if sum(source is not None for source in (path, file, url)) > 1:
        raise InvalidRequestError("Nothing was sent. Pass at most one of path, file and url.")
    with short_traceback:
        body = json_body(DataSetRequest, None, name=name, url=url, **fields)
    if path is not None:
        return _form(name, fields, os.path.basename(path), _opened(path))
    if file is not None:
        return _form(name, fields, _file_name(file, name), _content(file))
    return body


def _form(
    name: str | None, fields: dict[str, object], file_name: str, content: bytes | FilePart
) -> Body:
    texts = {
        field: _text(value)
        for field, value in {"name": name, **fields}.items()
        if value is not None
    }
    suffix = os.path.splitext(file_name)[1].lower()
    media_type = _MEDIA_TYPES.get(suffix, "application/octet-stream")
    return multipart_body(texts, {"file": (file_name, content, media_type)})


def _text(value: object) -> str | list[str]:
    if isinstance(value, bool):
        return "true" if value else "false"
    return cast("list[str]", value) if isinstance(value, list) else str(value)


def _file_name(file: BinaryIO | bytes, name: str | None) -> str:
    own: object = getattr(file, "name", None)
    # That of a descriptor is a number.
    if isinstance(own, str) and own:
        return os.path.basename(own)
    has_suffix = name is not None and os.path.splitext(name)[1].lower() in _MEDIA_TYPES
    return name if name is not None and has_suffix else "data.csv"


def _content(file: BinaryIO | bytes) -> bytes | FilePart:
    if isinstance(file, (bytes, bytearray, memoryview)):
        return SecretBytes(file)
    if isinstance(file, (str, os.PathLike)):
        raise InvalidRequestError(
            "Nothing was sent. file must be bytes or a binary file object. Pass the path of a file"
            " as path, and text as text.encode()."
        )
    return _opened(file)


def _opened(source: str | os.PathLike[str] | BinaryIO) -> FilePart:
    # Imported late: few programs send files.
    with import_lock:
        from .files import FilePart

    return FilePart(source)
