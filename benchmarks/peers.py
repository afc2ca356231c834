"""The clients that are compared, each doing the same things its own way.

Every client lives in an environment of its own (`environments.py`): two of them are imported by
the name `root`. So each class imports what it needs late, when a worker process makes it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from importlib import import_module
from time import sleep
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import http.client

    import httpx
    from pydantic import BaseModel

    from root import AsyncRootSignals, RootSignals

PATH = "/v1/models/"
MODEL_ID = "5f2b0a52-6c1e-4d0e-9d0b-6a0a7d2f1c33"
BODY = {"name": "ollama/llama3", "model": "llama3", "url": "http://gpu-7:11434"}
KEY = "a-key-of-usual-length-0123456789"
HEADERS = {"Authorization": f"Api-Key {KEY}"}
MODEL_PATH = f"{PATH}{MODEL_ID}/"
FIRST_PAGE = f"{PATH}?page_size=100"
ALL = 10_000


class Root:
    """The SDK: this one, and root-signals before it, whose promised signatures are the same."""

    def __init__(self, url: str, *, max_connections: int | None = None) -> None:
        self._url = url
        self._max_connections = max_connections

    def _made(self, run_async: bool) -> RootSignals:
        from root import RootSignals

        if self._max_connections is None:
            return RootSignals(api_key=KEY, base_url=self._url, run_async=run_async)
        return RootSignals(KEY, base_url=self._url, max_connections=self._max_connections)

    @cached_property
    def client(self) -> RootSignals:
        """The blocking client."""
        return self._made(run_async=False)

    @cached_property
    def async_client(self) -> RootSignals:
        """The client for the methods with the prefix a; the old SDK has to be told."""
        return self._made(run_async=True)

    def create(self) -> str:
        return self.client.models.create(name=BODY["name"], model=BODY["model"], url=BODY["url"])

    def delete(self) -> None:
        self.client.models.delete(MODEL_ID)

    def list(self, limit: int = ALL) -> Iterator[object]:
        return iter(self.client.models.list(limit=limit))

    async def acreate(self) -> str:
        return await self.async_client.models.acreate(
            name=BODY["name"], model=BODY["model"], url=BODY["url"]
        )

    def list_page_by_page(self, prefetch: bool | None, work: float) -> None:
        """List 1,000 models for a caller who works so many seconds on each page."""
        given = {} if prefetch is None else {"prefetch": prefetch}
        models: Any = self.client.models
        for number, _ in enumerate(models.list(limit=1000, **given), start=1):
            if number % 100 == 0:
                sleep(work)

    async def alist_page_by_page(self, prefetch: bool | None, work: float) -> None:
        """List 1,000 models for a caller who works so many seconds on each page."""
        from asyncio import sleep

        given = {} if prefetch is None else {"prefetch": prefetch}
        models: Any = self.async_client.models
        number = 0
        async for _ in models.alist(limit=1000, **given):
            number += 1
            if number % 100 == 0:
                await sleep(work)


class RootOver:
    """This SDK over an async client of the user's: what its extras bring."""

    def __init__(self, url: str, make_http_client: Callable[[], httpx.AsyncClient]) -> None:
        self._url = url
        self._make_http_client = make_http_client

    @cached_property
    def async_client(self) -> AsyncRootSignals:
        """The client."""
        from root import AsyncRootSignals

        return AsyncRootSignals(KEY, base_url=self._url, http_client=self._make_http_client())

    async def acreate(self) -> str:
        """Create a model and return its id."""
        return await self.async_client.models.create(
            name=BODY["name"], model=BODY["model"], url=BODY["url"]
        )


def aiohttp_client() -> httpx.AsyncClient:
    """Return an httpx client that sends through aiohttp."""
    import httpx
    from httpx_aiohttp import (  # type: ignore[import-not-found,unused-ignore]  # in an extra only
        HttpxAiohttpClient,
    )

    client: httpx.AsyncClient = HttpxAiohttpClient(
        limits=httpx.Limits(max_connections=100, max_keepalive_connections=100)
    )
    return client


def http2_client() -> httpx.AsyncClient:
    """Return an httpx client that speaks HTTP/2 where the server does."""
    import httpx

    return httpx.AsyncClient(http2=True)


def shapes(base: type[BaseModel]) -> tuple[Any, Any]:
    """Return the classes that a model and a page are read into (contract.md, Shapes)."""
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
    page = create_model("Page", __base__=base, next=text, previous=text, results=(list[model], ...))
    return model, page


class OpenAI:
    """What openai's SDK is made of, pointed at the models endpoints."""

    def __init__(self, url: str) -> None:
        self._openai: Any = import_module("openai")
        self._url = url
        self._model, self._page = shapes(self._openai.BaseModel)

    @cached_property
    def client(self) -> Any:
        """The blocking client."""
        return self._openai.OpenAI(api_key=KEY, base_url=self._url)

    @cached_property
    def async_client(self) -> Any:
        """The async client."""
        return self._openai.AsyncOpenAI(api_key=KEY, base_url=self._url)

    def create(self) -> str:
        created: str = self.client.post(PATH, body=BODY, cast_to=self._model).id
        return created

    def delete(self) -> None:
        self.client.delete(MODEL_PATH, cast_to=type(None))

    def list(self, limit: int = ALL) -> Iterator[object]:
        path = FIRST_PAGE
        while path and limit > 0:
            page = self.client.get(path, cast_to=self._page)
            yield from page.results[:limit]
            limit -= len(page.results)
            path = page.next

    async def acreate(self) -> str:
        created = await self.async_client.post(PATH, body=BODY, cast_to=self._model)
        model_id: str = created.id
        return model_id


class HTTPX:
    """A shared httpx client, used by hand."""

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

    def create(self) -> str:
        response = self.client.post(PATH, json=BODY)
        response.raise_for_status()
        created: str = response.json()["id"]
        return created

    def delete(self) -> None:
        self.client.delete(MODEL_PATH).raise_for_status()

    def list(self, limit: int = ALL) -> Iterator[object]:
        path: str | None = FIRST_PAGE
        while path and limit > 0:
            response = self.client.get(path)
            response.raise_for_status()
            page = response.json()
            yield from page["results"][:limit]
            limit -= len(page["results"])
            path = page["next"]

    async def acreate(self) -> str:
        response = await self.async_client.post(PATH, json=BODY)
        response.raise_for_status()
        created: str = response.json()["id"]
        return created


class HTTPXPydantic(HTTPX):
    """The same with pydantic, the way one writes it by hand."""

    def __init__(self, url: str) -> None:
        from pydantic import BaseModel

        super().__init__(url)
        self._model, self._page = shapes(BaseModel)

    def create(self) -> str:
        response = self.client.post(PATH, json=BODY)
        response.raise_for_status()
        created: str = self._model.model_validate_json(response.content).id
        return created

    def list(self, limit: int = ALL) -> Iterator[object]:
        path: str | None = FIRST_PAGE
        while path and limit > 0:
            response = self.client.get(path)
            response.raise_for_status()
            page = self._page.model_validate_json(response.content)
            yield from page.results[:limit]
            limit -= len(page.results)
            path = page.next


class HTTPClient:
    """The standard library and nothing else: what a blocking exchange costs at least."""

    def __init__(self, url: str) -> None:
        self._url = url

    @cached_property
    def connection(self) -> http.client.HTTPConnection:
        """The connection."""
        from http.client import HTTPConnection, HTTPSConnection
        from urllib.parse import urlsplit

        parts = urlsplit(self._url)
        made = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        return made(parts.netloc)

    def _exchange(self, method: str, path: str, body: bytes | None = None) -> bytes:
        headers = HEADERS if body is None else {**HEADERS, "Content-Type": "application/json"}
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        content = response.read()
        if not 200 <= response.status < 300:
            raise RuntimeError(f"status {response.status}")
        return content

    def create(self) -> str:
        created: str = json.loads(self._exchange("POST", PATH, json.dumps(BODY).encode()))["id"]
        return created

    def delete(self) -> None:
        self._exchange("DELETE", MODEL_PATH)

    def list(self, limit: int = ALL) -> Iterator[object]:
        path: str | None = FIRST_PAGE
        while path and limit > 0:
            page = json.loads(self._exchange("GET", path))
            yield from page["results"][:limit]
            limit -= len(page["results"])
            path = page["next"] and page["next"].removeprefix(self._url)


class Streams:
    """asyncio's streams and nothing else: as many connections as there may be at once."""

    def __init__(self, url: str) -> None:
        from asyncio import LifoQueue, Semaphore, StreamReader, StreamWriter

        self._host, _, self._port = url.partition("://")[2].partition(":")
        self._slots = Semaphore(100)
        self._free: LifoQueue[tuple[StreamReader, StreamWriter]] = LifoQueue()

    async def acreate(self) -> str:
        """Create a model and return its id."""
        from asyncio import open_connection

        async with self._slots:
            if self._free.empty():
                connection = await open_connection(self._host, int(self._port))
            else:
                connection = self._free.get_nowait()
            reader, writer = connection
            body = json.dumps(BODY).encode()
            writer.write(
                f"POST {PATH} HTTP/1.1\r\nHost: {self._host}\r\n"
                f"Authorization: {HEADERS['Authorization']}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(None, 1)[0])
            created: str = json.loads(await reader.readexactly(length))["id"]
            self._free.put_nowait(connection)
            return created


OURS = "root-sdk"

PEERS: dict[str, Callable[[str], object]] = {
    OURS: Root,
    "root-sdk, 1,000 connections": partial(Root, max_connections=1000),
    "root-sdk over aiohttp": partial(RootOver, make_http_client=aiohttp_client),
    "root-sdk over HTTP/2": partial(RootOver, make_http_client=http2_client),
    "root-signals": Root,
    "openai": OpenAI,
    "httpx": HTTPX,
    "httpx + sniffio": HTTPX,
    "httpx + pydantic": HTTPXPydantic,
    "http.client": HTTPClient,
    "asyncio streams": Streams,
}
