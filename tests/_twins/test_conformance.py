# Generated from tests/_async/test_conformance.py by scripts/generate_sync.py. Do not edit.
"""Requests and responses conform to the OpenAPI description of the emulator."""

from __future__ import annotations

import httpx

from root import RootSignals
from root.emulator import Server
from tests.conformance import check_request, check_response


async def check(response: httpx.Response) -> None:
    await response.aread()
    check_request(response.request)
    check_response(response)


async def test_every_method_conforms(emulator: Server) -> None:
    """The request of each method, with all arguments or few, and its response are described."""
    async with (
        httpx.AsyncClient(event_hooks={"response": [check]}) as http_client,
        RootSignals(
            emulator.api_key, base_url=emulator.url, async_http_client=http_client
        ) as client,
    ):
        await client.models.acreate(name="few")
        model_id = await client.models.acreate(
            name="all",
            model="ollama/llama3",
            default_key="sk-secret",
            max_output_token_count=900,
            max_token_count=4096,
            url="http://gpu-7:11434",
        )
        await client.models.aretrieve(model_id)
        await client.models.aupdate(model_id, max_token_count=None, url=None, default_key=None)
        await client.models.aupdate(model_id, name="other")
        await client.models.areplace(model_id, name="third")
        await client.models.averify(model="few")
        await client.models.averify(
            model="none", api_key="sk-secret", url="http://x", max_output_token_count=800
        )
        async for _ in client.models.alist(
            page_size=2, limit=5, ordering="name", capable_of=["tools"]
        ):
            pass
        async for _ in client.models.alist():
            pass
        await client.models.adelete(model_id)

    requested = {(request.method, request.path.count("/")) for request in emulator.requests}
    several, one, verification = 3, 4, 4
    assert requested == {
        *(("GET", several), ("POST", several), ("POST", verification)),
        *((method, one) for method in ("GET", "PUT", "PATCH", "DELETE")),
    }
