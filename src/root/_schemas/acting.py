"""Objects with methods that call the API, and fields that have had several names."""

from __future__ import annotations

from typing import Self, TypeVar, cast

from .._concurrency.kinds import WithoutPrefix
from ..errors import InvalidRequestError
from .base import APIModel, ResponseModel, set_meta

A = TypeVar("A", bound="ActingModel")

__all__ = ["ActingModel", "first_of", "status_of", "visibility_of"]


class ActingModel(WithoutPrefix, ResponseModel):
    """An object with methods that call the API through the client that returned it.

    A copy, or what is unpickled, has no client, and so no key.
    """

    # A slot and not a field, so it is not part of equality, dumps, copies and pickles.
    __slots__ = ("_client",)

    def _bind(self, client: object) -> Self:
        """Have the methods call the API through this client."""
        object.__setattr__(self, "_client", client)
        return self

    def _as(self, kind: type[A]) -> A:
        """Return the object, as one of the class whose methods fit the client."""
        if isinstance(self, kind):
            return self
        copy = kind.model_construct(self.model_fields_set, **self.__dict__)
        object.__setattr__(copy, "__pydantic_extra__", self.__pydantic_extra__)
        meta = getattr(self, "_meta", None)
        return copy if meta is None else set_meta(copy, meta)

    def _bound(self) -> object:
        """Return the client.

        Raises:
            InvalidRequestError: There is none.
        """
        client: object = getattr(self, "_client", None)
        if client is None:
            noun = self.__facts__.noun
            raise InvalidRequestError(
                f"Nothing was sent. This {noun} is a copy, which has no client: pass it to"
                f" client.{self.__facts__.plural}.bind() first."
            )
        return client


def first_of(item: APIModel, *names: str) -> object:
    """Return the value of the first of these unknown fields that the response has, or None."""
    fields = item.__pydantic_extra__ or {}
    return next((fields[name] for name in names if name in fields), None)


# The words of older servers for what is visible to the organization only.
_PRIVATE = ("unlisted", "listed")


def visibility_of(item: APIModel) -> str | None:
    """Return who can see an object, in the terms of newer servers."""
    value = cast("str | None", first_of(item, "visibility", "status"))
    if value in _PRIVATE:
        return "private"
    return "public" if value == "public_unlisted" else value


def status_of(item: APIModel) -> str | None:
    """Return who can see an object, in the terms of older servers."""
    value = cast("str | None", first_of(item, "status", "visibility"))
    return "unlisted" if value == "private" else value
