"""Base classes that raise a helpful error if async and blocking code are mixed up."""

from __future__ import annotations

from abc import ABCMeta
from contextlib import suppress
from typing import TYPE_CHECKING

__all__ = ["AsyncIteration", "Iteration", "WithoutPrefix"]

# Python's own errors for `await` and `for` on the wrong kind of listing name a missing method.
# The errors of these base classes name what to use instead.

if TYPE_CHECKING:

    class AsyncIteration:
        """An object that is iterated with `async for`."""

    class Iteration:
        """An object that is iterated with `for`."""

    class WithoutPrefix:
        """An object that has async methods without the prefix `a`."""

        __slots__ = ()

else:

    class _Hiding(ABCMeta):
        """Hides the methods below from `isinstance(x, Awaitable)`, `inspect.isawaitable` and so on.

        These look for the names in the classes of `__mro__`, which the interpreter does not use.
        """

        @property
        def __mro__(cls):
            return tuple(one for one in type.__dict__["__mro__"].__get__(cls) if one not in _HIDDEN)

    def _refuse(item, reason):
        # Imported late, as below: few programs make these mistakes.
        from .mixups import refused

        raise refused(reason, type(item))

    class AsyncIteration(metaclass=_Hiding):
        """An object that is iterated with `async for`."""

        __slots__ = ()

        def __getitem__(self, position):
            # `for` calls it in the absence of `__iter__`.
            _refuse(self, "for")

        def __next__(self):
            _refuse(self, "for")

        def __await__(self):
            _refuse(self, "await")

    class Iteration(metaclass=_Hiding):
        """An object that is iterated with `for`."""

        __slots__ = ()

        # And no `__aiter__`, by which some libraries recognize what is async.
        def __await__(self):
            _refuse(self, "blocking")

    class WithoutPrefix:
        """An object that has async methods without the prefix `a`."""

        __slots__ = ()

        def __getattr__(self, name: str) -> object:
            with suppress(AttributeError):
                return super().__getattr__(name)
            if not name.startswith("a"):
                message = f"{type(self).__name__!r} object has no attribute {name!r}"
                raise AttributeError(message, name=name, obj=self)
            from .mixups import missing_attribute

            raise missing_attribute(self, name)

    _HIDDEN = frozenset((AsyncIteration, Iteration))
