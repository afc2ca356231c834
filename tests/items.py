"""Classes of an imaginary resource, with every feature that generic code has to support."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import JsonValue

from root._schemas.base import APIModel, Facts, ResponseModel
from root._schemas.requests import RequestModel, Sensitive


class Shelf(APIModel):
    """A part that many items share, with a part of its own."""

    class Room(APIModel):
        """A part of a part."""

        number: int | None = None
        is_open: bool | None = None

    code: str
    height: float | None = None
    room: Room | None = None


class Maker(APIModel):
    """A part that is not declared as shared."""

    name: str | None = None


class ParcelRequest(RequestModel):
    """The settings of a parcel."""

    label: str
    note: str | None = None
    pin: Annotated[str | None, Sensitive] = None
    code_word: Annotated[str, Sensitive] = ""


class ParcelPatch(ParcelRequest):
    """A part of the settings of a parcel."""

    is_partial = True

    label: str = ""


class Parcel(ResponseModel):
    """An item with parts, secrets, free text, and a column of each kind."""

    __facts__ = Facts(
        noun="entry",
        nouns="entries",
        free_text=("note", "log"),
        shared_parts=("shelf",),
        write_only=ParcelRequest.sensitive_fields(),
        summary=("label", "weight", "shelf.code", "shelf.room.number"),
    )

    id: str
    label: str
    weight: float | None = None
    count: int | None = None
    is_sent: bool | None = None
    note: str | None = None
    log: list[JsonValue] | None = None
    shelf: Shelf | None = None
    maker: Maker | None = None


def parcel(**fields: Any) -> Parcel:
    """Return a parcel with these fields."""
    return Parcel.model_validate({"id": "1", "label": "a"} | fields)
