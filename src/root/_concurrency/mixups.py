"""Errors for async code where blocking code is needed, and the other way round."""

from __future__ import annotations

import inspect

__all__ = ["MixupError", "missing_attribute", "refused"]

_REASONS = {
    "for": (
        "{name} is async: iterate over it with `async for`, not with `for`. To read a whole"
        " listing, use `await listing.to_dicts()`. For `for`, use RootSignals, whose methods are"
        " blocking."
    ),
    "await": (
        "{name} cannot be awaited: iterate over it with `async for`. To read a whole listing, use"
        " `await listing.to_dicts()`; for pages, `async for page in listing.pages()`."
    ),
    "blocking": (
        "{name} is blocking: iterate over it with `for`, without `await` and `async`. In async"
        " code, use the method with the prefix `a`, such as `async for model in"
        " client.models.alist()`, or AsyncRootSignals."
    ),
    "with": (
        "{name} is async: use `async with`. For `with`, use RootSignals, whose methods are"
        " blocking."
    ),
}


class MixupError(AttributeError, TypeError):
    """A blocking object is used as an async one, or the reverse.

    An AttributeError, so that `hasattr` is false, and a TypeError, as Python's own errors are.
    """


def refused(reason: str, owner: type[object]) -> MixupError:
    """Return the error for a use of objects of this class."""
    return MixupError(_REASONS[reason].format(name=owner.__name__))


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
