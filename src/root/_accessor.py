"""Imports on first use: the resources of a client (`client.models`), and names of a module."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Generic, TypeVar, cast, overload

__all__ = ["Accessor", "Itself", "accessors", "lazy", "part", "twin"]

R = TypeVar("R", covariant=True)
T = TypeVar("T")


class Accessor(Generic[R]):
    """A resource of a client, or a part of a resource, created on first use and then kept.

    Accessed on the class, it returns the class of the resource, so that mocks, help and completion
    see its methods.

    Args:
        module: The module of the resource's class.
        name: The name of the class.
        of: Called with the client to create it, instead of the class: `part` or `twin`.

    Attributes:
        name: The name of the attribute of a client.
    """

    def __init__(
        self,
        module: str,
        name: str,
        of: Callable[[Callable[[object], Any], object], Any] | None = None,
    ) -> None:
        self._module: str = module
        self._class_name: str = name
        self._of = of
        self.name: str = ""

    def __set_name__(self, owner: type[object], name: str) -> None:
        self.name = name

    @overload
    def __get__(self, client: None, owner: type[object]) -> type[R]: ...
    @overload
    def __get__(self, client: object, owner: type[object]) -> R: ...
    def __get__(self, client: object | None, owner: type[object]) -> R | type[R]:
        # pydantic takes 80 ms, which `import root` should not.
        module = _import(self._module)
        kind = cast("type[R]", getattr(module, self._class_name))
        if client is None:
            return kind
        create = cast("Callable[[object], R]", kind)
        resource = create(client) if self._of is None else self._of(create, client)
        # Python looks here first from now on.
        vars(client)[self.name] = resource
        return resource

    def forget(self, client: object) -> None:
        """Have the resource created again, for a copy of the client that it was created for."""
        vars(client).pop(self.name, None)


class Itself:
    """A descriptor that returns the instance, or the class if accessed on the class, for mocks."""

    @overload
    def __get__(self, instance: None, owner: type[T]) -> type[T]: ...
    @overload
    def __get__(self, instance: T, owner: type[T]) -> T: ...
    def __get__(self, instance: T | None, owner: type[T]) -> T | type[T]:
        return owner if instance is None else instance


def accessors(kind: type[object]) -> list[Accessor[object]]:
    """Return the accessors of a class of clients."""
    return [
        value
        for base in kind.__mro__
        for value in vars(base).values()
        if isinstance(value, Accessor)
    ]


def part(kind: Callable[[object], T], resource: object) -> T:
    """Create a part of a resource, such as `client.evaluators.versions`."""
    created = kind(vars(resource)["_client"])
    vars(created)["_actor"] = vars(resource)["_actor"]
    return _with_acting(created, resource)


def twin(kind: Callable[[object], T], resource: object) -> T:
    """Create the async twin of a resource: the one of the client's async half."""
    # Without a protocol, whose class would take longer to create than this module.
    whole: Any = vars(resource)["_whole"]
    created = kind(whole._async)
    # What the twin returns has blocking methods, too.
    vars(created)["_actor"] = whole
    return _with_acting(created, resource)


def _with_acting(part: T, resource: object) -> T:
    """Have a part of a resource return objects of the same class."""
    acting: object = getattr(resource, "_acting", None)
    if acting is not None:
        vars(part)["_acting"] = acting
    return part


def lazy(
    namespace: MutableMapping[str, object], modules: Mapping[str, tuple[str, ...]]
) -> Callable[[str], object]:
    """Return a module's `__getattr__` (PEP 562) that imports names on first use.

    Args:
        namespace: The globals of the module.
        modules: The names by the module that has them, relative to the package.
    """
    places = {name: module for module, names in modules.items() for name in names}

    def get(name: str) -> object:
        if name not in places:
            raise AttributeError(f"module {namespace['__name__']!r} has no attribute {name!r}")
        module = _import(places[name], cast("str", namespace["__package__"]))
        value = namespace[name] = getattr(module, name)
        return cast("object", value)

    return get


def _import(name: str, package: str | None = None) -> object:
    # Imported late: `import root` needs neither.
    from importlib import import_module

    from ._forks import import_lock

    with import_lock:
        return import_module(name, package)
