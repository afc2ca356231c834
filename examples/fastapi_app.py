"""A FastAPI service that evaluates answers, with a key for each tenant.

Run it in this folder: `uvicorn fastapi_app:app`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from math import ceil
from typing import Annotated, TypeVar

from fastapi import Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

import root
from root import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncRootSignals,
    RateLimitError,
    RootSignalsError,
)

T = TypeVar("T")

logger = logging.getLogger("uvicorn.error")


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    """Create one client for the application, and close it at the end."""
    # In your application the keys of tenants come from a secret manager.
    app.state.tenant_keys = json.loads(os.environ.get("TENANT_KEYS", "{}"))
    async with AsyncRootSignals() as client:
        app.state.root_signals = client
        yield


def get_client(
    request: Request, x_tenant: Annotated[str | None, Header()] = None
) -> AsyncRootSignals:
    """Return the client with the key of the tenant, and with a limit for the whole request."""
    client: AsyncRootSignals = request.app.state.root_signals
    limit = root.deadline(60)
    if x_tenant is None:
        return client.with_options(deadline=limit)
    keys: dict[str, str] = request.app.state.tenant_keys
    if x_tenant not in keys:
        raise HTTPException(403, "Unknown tenant.")
    return client.with_options(api_key=keys[x_tenant], deadline=limit)


Client = Annotated[AsyncRootSignals, Depends(get_client)]
app = FastAPI(title="Evaluations", lifespan=lifespan)


@app.exception_handler(RootSignalsError)
async def evaluation_failed(request: Request, error: RootSignalsError) -> JSONResponse:
    """Respond to an error of the service; its message is for the log, not for the caller."""
    logger.error("%s failed: %s", request.url.path, error)
    headers: dict[str, str] = {}
    if isinstance(error, APITimeoutError):
        status = 504
    elif isinstance(error, APIConnectionError | RateLimitError):
        status = 503
    else:
        status = 502
    if isinstance(error, APIStatusError) and error.retry_after is not None:
        headers["Retry-After"] = str(ceil(error.retry_after))
    return JSONResponse({"detail": "The evaluation failed."}, status, headers)


async def unless_disconnected(request: Request, call: Coroutine[None, None, T]) -> T:
    """Return what a call returns, and cancel it if the caller closes the connection."""
    work = asyncio.ensure_future(call)
    watcher = asyncio.create_task(disconnected(request))
    try:
        await asyncio.wait((work, watcher), return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            return work.result()
    finally:
        work.cancel()
        watcher.cancel()
    raise HTTPException(499, "The caller has closed the connection.")


async def disconnected(request: Request) -> None:
    """Return when the caller has closed the connection; the body has been read before."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


class Answer(BaseModel):
    """An answer to a question."""

    question: str = Field(min_length=1)
    text: str = Field(min_length=1)


class Score(BaseModel):
    """What the evaluator found."""

    score: float
    justification: str | None


@app.post("/relevance")
async def relevance(request: Request, answer: Answer, client: Client) -> Score:
    """Evaluate how relevant an answer is to its question."""
    result = await unless_disconnected(
        request, client.evaluators.Relevance(request=answer.question, response=answer.text)
    )
    return Score(score=result.require_score(), justification=result.justification)
