"""The clients that are compared, each behind the same methods.

Each client is installed in an environment of its own (`environments.py`), since two of them are
imported as `root`. Every class therefore imports its client when a worker process creates it.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx
    from pydantic import BaseModel

    from root import AsyncRootSignals, RootSignals

PATH = "/v1/models/"
MODEL_ID = "5f2b0a52-6c1e-4d0e-9d0b-6a0a7d2f1c33"
MODEL_PATH = f"{PATH}{MODEL_ID}/"
FIRST_PAGE = f"{PATH}?page_size=100"
EVALUATORS = "/v1/evaluators/"
NAME, MODEL, URL = "ollama/llama3", "llama3", "http://gpu-7:11434"
BODY = {"name": NAME, "model": MODEL, "url": URL}
REQUEST = "What is the capital of France, and since when is it?"
RESPONSE = "The capital of France is Paris, since the year 987."
# An execution sends as many bytes as a creation with this URL: its path is longer.
_PATHS = len(f"{EVALUATORS}execute/{MODEL_ID}/") - len(PATH)
_BODIES = len(json.dumps({"request": REQUEST, "response": RESPONSE})) - len(json.dumps(BODY))
LONG_URL = f"{URL}/{'v' * (_PATHS + _BODIES + 2 - 1)}"
KEY = "a-key-of-usual-length-0123456789"
HEADERS = {"Authorization": f"Api-Key {KEY}"}


class Peer(ABC):
    """A client that can be measured."""

    @abstractmethod
    def create(self) -> object:
        """Create a model."""

    @abstractmethod
    async def acreate(self) -> object:
        """Create a model with the async client."""

    @abstractmethod
    def delete(self) -> None:
        """Delete a model."""

    @abstractmethod
    def models(self, limit: int) -> Iterator[object]:
        """Iterate over models in pages of 100."""

    def list(self, limit: int) -> None:
        """Iterate over models and keep none of them."""
        check_count(self.models(limit), limit)


def check_count(items: Iterable[object], limit: int) -> None:
    """Iterate over the items and keep none of them.

    Raises:
        RuntimeError: There are more or fewer.
    """
    count = sum(1 for _ in items)
    if count != limit:
        raise RuntimeError(f"{count} objects are listed, not {limit}")


class Root(Peer):
    """This SDK, and root-signals before it, which has the same signatures.

    The methods from `retrieve` on are for comparing this SDK with an earlier commit of itself.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    @cached_property
    def client(self) -> RootSignals:
        """The blocking client."""
        from root import RootSignals

        return RootSignals(api_key=KEY, base_url=self._url)

    @cached_property
    def async_client(self) -> RootSignals:
        """The client for the methods with the prefix `a`; root-signals needs the argument."""
        from root import RootSignals

        return RootSignals(api_key=KEY, base_url=self._url, run_async=True)

    @cached_property
    def native_client(self) -> AsyncRootSignals:
        """The async-native client."""
        from root import AsyncRootSignals

        return AsyncRootSignals(api_key=KEY, base_url=self._url)

    def create(self) -> object:
        return self.client.models.create(name=NAME, model=MODEL, url=URL)

    async def acreate(self) -> object:
        return await self.async_client.models.acreate(name=NAME, model=MODEL, url=URL)

    def delete(self) -> None:
        self.client.models.delete(MODEL_ID)

    def models(self, limit: int) -> Iterator[object]:
        return iter(self.client.models.list(limit=limit))

    def create_long(self) -> object:
        """Create a model with as many bytes as `run` sends."""
        return self.client.models.create(name=NAME, model=MODEL, url=LONG_URL)

    def run(self) -> object:
        """Run an evaluator."""
        return self.client.evaluators.run(MODEL_ID, request=REQUEST, response=RESPONSE)

    def list_evaluators(self, limit: int) -> None:
        """Iterate over evaluators and keep none of them."""
        check_count(self.client.evaluators.list(limit=limit), limit)

    def retrieve(self) -> object:
        return self.client.models.retrieve(MODEL_ID)

    async def native_create(self) -> object:
        return await self.native_client.models.create(name=NAME, model=MODEL, url=URL)

    async def native_retrieve(self) -> object:
        return await self.native_client.models.retrieve(MODEL_ID)

    async def native_list(self, limit: int) -> None:
        async for _ in self.native_client.models.list(limit=limit):
            pass


def schemas(base: type[BaseModel]) -> tuple[Any, Any]:
    """Return the pydantic classes for a model and for a page of models."""
    from pydantic import create_model

    text: Any = (str | None, None)
    number: Any = (int | None, None)
    owner: Any = create_model("Owner", __base__=base, email=text, full_name=text)
    provider: Any = create_model(
        "Provider",
        __base__=base,
        id=(str, ...),
        name=(str, ...),
        logo_light=text,
        logo_dark=text,
        is_gdpr_compliant=(bool | None, None),
    )
    model: Any = create_model(
        "Model",
        __base__=base,
        id=(str, ...),
        name=(str, ...),
        model=text,
        max_output_token_count=number,
        max_token_count=number,
        url=text,
        owner=(owner | None, None),
        provider=(provider | None, None),
        visibility=text,
    )
    return model, page_of(base, model)


def page_of(base: type[BaseModel], item: Any) -> Any:
    """Return the pydantic class for a page."""
    from pydantic import create_model

    text: Any = (str | None, None)
    return create_model("Page", __base__=base, next=text, previous=text, results=(list[item], ...))


class OpenAI(Peer):
    """OpenAI's SDK: its generic client, used for the models endpoints."""

    def __init__(self, url: str) -> None:
        self._openai: Any = import_module("openai")
        self._url = url
        self._model, self._page = schemas(self._openai.BaseModel)

    @cached_property
    def client(self) -> Any:
        """The blocking client."""
        return self._openai.OpenAI(api_key=KEY, base_url=self._url)

    @cached_property
    def async_client(self) -> Any:
        """The async client."""
        return self._openai.AsyncOpenAI(api_key=KEY, base_url=self._url)

    def create(self) -> object:
        return self.client.post(PATH, body=BODY, cast_to=self._model).id

    async def acreate(self) -> object:
        return (await self.async_client.post(PATH, body=BODY, cast_to=self._model)).id

    def delete(self) -> None:
        self.client.delete(MODEL_PATH, cast_to=type(None))

    def models(self, limit: int) -> Iterator[object]:
        path = FIRST_PAGE
        while path and limit > 0:
            page = self.client.get(path, cast_to=self._page)
            yield from page.results[:limit]
            limit -= len(page.results)
            path = page.next


class HTTPX(Peer):
    """A shared httpx client and the standard library's json, without retries or schemas."""

    def __init__(self, url: str) -> None:
        import httpx

        self._httpx = httpx
        self._url = url

    @cached_property
    def client(self) -> httpx.Client:
        """The blocking client."""
        return self._httpx.Client(base_url=self._url, headers=HEADERS)

    @cached_property
    def async_client(self) -> httpx.AsyncClient:
        """The async client."""
        return self._httpx.AsyncClient(base_url=self._url, headers=HEADERS)

    def create(self) -> object:
        response = self.client.post(PATH, json=BODY)
        response.raise_for_status()
        return response.json()["id"]

    async def acreate(self) -> object:
        response = await self.async_client.post(PATH, json=BODY)
        response.raise_for_status()
        return response.json()["id"]

    def delete(self) -> None:
        self.client.delete(MODEL_PATH).raise_for_status()

    def models(self, limit: int) -> Iterator[object]:
        path: str | None = FIRST_PAGE
        while path and limit > 0:
            response = self.client.get(path)
            response.raise_for_status()
            page = response.json()
            yield from page["results"][:limit]
            limit -= len(page["results"])
            path = page["next"]


class HTTPXPydantic(HTTPX):
    """The same with pydantic for the listed models."""

    def __init__(self, url: str) -> None:
        from pydantic import BaseModel

        super().__init__(url)
        _, self._page = schemas(BaseModel)

    def models(self, limit: int) -> Iterator[object]:
        return self.items(FIRST_PAGE, self._page, limit)

    def items(self, path: str | None, schema: Any, limit: int) -> Iterator[object]:
        """Iterate over the items of pages that are parsed with a pydantic class."""
        while path and limit > 0:
            response = self.client.get(path)
            response.raise_for_status()
            page = schema.model_validate_json(response.content)
            yield from page.results[:limit]
            limit -= len(page.results)
            path = page.next


class HTTPXWithClasses(HTTPXPydantic):
    """The same with the pydantic classes of this SDK, for its listings of any resource."""

    def __init__(self, url: str) -> None:
        from pydantic import BaseModel

        from root.evaluators import EvaluatorListOutput
        from root.models import Model

        super().__init__(url)
        self._page = page_of(BaseModel, Model)
        self._evaluators = page_of(BaseModel, EvaluatorListOutput)

    def list_evaluators(self, limit: int) -> None:
        """Iterate over evaluators and keep none of them."""
        first = f"{EVALUATORS}?page_size=100"
        check_count(self.items(first, self._evaluators, limit), limit)


OURS = "root-sdk"
BASE = "base"
"""This SDK as of an earlier commit."""

PEERS: dict[str, Callable[[str], Peer]] = {
    OURS: Root,
    BASE: Root,
    "root-signals": Root,
    "openai": OpenAI,
    "httpx": HTTPX,
    "httpx + pydantic": HTTPXPydantic,
    "httpx + its classes": HTTPXWithClasses,
}
