# Generated from tests/_async/test_conformance.py by scripts/generate_sync.py. Do not edit.
"""Requests and responses conform to the OpenAPI description of the emulator."""

from __future__ import annotations

import httpx

from root import RootSignals
from root.emulator import Server
from tests.conformance import check_request, check_response


def check(response: httpx.Response) -> None:
    response.read()
    check_request(response.request)
    check_response(response)


def test_every_method_conforms(emulator: Server) -> None:
    """The request of each method, with all arguments or few, and its response are described."""
    with (
        httpx.Client(event_hooks={"response": [check]}) as http_client,
        RootSignals(emulator.api_key, base_url=emulator.url, http_client=http_client) as client,
    ):
        client.models.create(name="few")
        model_id = client.models.create(
            name="all",
            model="ollama/llama3",
            default_key="sk-secret",
            max_output_token_count=900,
            max_token_count=4096,
            url="http://gpu-7:11434",
        )
        client.models.retrieve(model_id)
        client.models.update(model_id, max_token_count=None, url=None, default_key=None)
        client.models.update(model_id, name="other")
        client.models.replace(model_id, name="third")
        client.models.verify(model="few")
        client.models.verify(
            model="none", api_key="sk-secret", url="http://x", max_output_token_count=800
        )
        for _ in client.models.list(page_size=2, limit=5, ordering="name", capable_of=["tools"]):
            pass
        for _ in client.models.list():
            pass
        client.models.delete(model_id)

    requested = {(request.method, request.path.count("/")) for request in emulator.requests}
    several, one, verification = 3, 4, 4
    assert requested == {
        *(("GET", several), ("POST", several), ("POST", verification)),
        *((method, one) for method in ("GET", "PUT", "PATCH", "DELETE")),
    }
