"""Errors for async code where blocking code is needed, and the other way round."""

from __future__ import annotations

import inspect

__all__ = ["MixupError", "missing_attribute", "refused"]

_REASONS = {
    "for": (
        "{name} is async: iterate over it with `async for`, not with `for`. For `for`, use"
        " RootSignals, whose methods are blocking."
    ),
    "await": "{name} cannot be awaited: iterate over it with `async for`.",
    "blocking": (
        "{name} is blocking: iterate over it with `for`, without `await` and `async`. In async"
        " code, use the method with the prefix `a`, or AsyncRootSignals."
    ),
    "with": (
        "{name} is async: use `async with`. For `with`, use RootSignals, whose methods are"
        " blocking."
    ),
}

# What follows for a listing.
_LISTING = {
    "for": " To read a whole listing, use `await listing.to_dicts()`.",
    "await": (
        " To read a whole listing, use `await listing.to_dicts()`; for pages, `async for page in"
        " listing.pages()`."
    ),
    "blocking": " For a listing, that is `async for model in client.models.alist()`.",
}


class MixupError(AttributeError, TypeError):
    """A blocking object is used as an async one, or the reverse.

    An AttributeError, so that `hasattr` is false, and a TypeError, as Python's own errors are.
    """


def refused(reason: str, owner: type[object]) -> MixupError:
    """Return the error for a use of objects of this class."""
    text = _REASONS[reason].format(name=owner.__name__)
    if hasattr(owner, "to_dicts"):
        text += _LISTING[reason]
    return MixupError(text)


def missing_attribute(item: object, name: str) -> AttributeError:
    """Return the error for an attribute that does not exist, such as `acreate` of async models."""
    kind = type(item).__name__
    if name == "close" and hasattr(type(item), "aclose"):
        return AttributeError(
            f"{kind!r} has no 'close': use `async with`, or `await client.aclose()`, which waits"
            " until the connections are closed."
        )
    # A keyword such as `await` has an underscore.
    plain = name[1:].removesuffix("_")
    method: object = getattr(type(item), plain, None) if name[:1] == "a" else None
    if plain.startswith("_") or not inspect.isfunction(method):
        message = f"{kind!r} object has no attribute {name!r}"
        return AttributeError(message, name=name, obj=item)
    use = "await" if inspect.iscoroutinefunction(method) else "async for"
    return AttributeError(
        f"{kind!r} has no {name!r}: its methods are async, and have no prefix. Use"
        f" `{plain}(...)` with `{use}`. The prefix is for the async methods of RootSignals."
    )
