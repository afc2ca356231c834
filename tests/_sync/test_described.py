# Generated from tests/_async/test_described.py by scripts/generate_sync.py. Do not edit.
"""All that the client asks, and the emulator answers, is as the emulator's description has it."""

from __future__ import annotations

import httpx

from root import RootSignals
from root.emulator import Server
from tests.described import check_answer, check_request


def check(response: httpx.Response) -> None:
    response.read()
    check_request(response.request)
    check_answer(response)


def test_every_method_is_described(emulator: Server) -> None:
    """What each method asks is described, with all arguments and with few, and so is its answer."""
    with (
        httpx.Client(event_hooks={"response": [check]}) as http_client,
        RootSignals(emulator.api_key, base_url=emulator.url, http_client=http_client) as client,
    ):
        models = client.models
        models.create(name="few")
        model_id = models.create(
            name="all",
            model="ollama/llama3",
            default_key="sk-secret",
            max_output_token_count=900,
            max_token_count=4096,
            url="http://gpu-7:11434",
        )
        models.retrieve(model_id)
        models.update(model_id, max_token_count=None, url=None, default_key=None)
        models.update(model_id, name="other")
        models.replace(model_id, name="third")
        models.verify(model="few")
        models.verify(model="none", api_key="sk-secret", url="http://x", max_output_token_count=800)
        for _ in models.list(page_size=2, limit=5, ordering="name", capable_of=["tools"]):
            pass
        for _ in models.list():
            pass
        models.delete(model_id)

    asked = {(request.method, request.path.count("/")) for request in emulator.requests}
    several, one, verification = 3, 4, 4
    assert asked == {
        *(("GET", several), ("POST", several), ("POST", verification)),
        *((method, one) for method in ("GET", "PUT", "PATCH", "DELETE")),
    }
