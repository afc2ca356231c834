"""Register, list, update, verify and delete models on an emulator of the service.

Run it with `nox -s demo`; no account is needed. To use your account instead, leave out `serve()`
and create the client with `RootSignals()`.
"""

from __future__ import annotations

import asyncio

from root import InvalidRequestError, NotFoundError, RootSignals
from root.emulator import serve


def main() -> None:
    """Show the blocking methods, two errors, and the async twins of the same client."""
    with (
        serve() as server,
        RootSignals(api_key=server.api_key, base_url=server.url) as client,
    ):
        print(f"An emulator of the Root Signals API runs at {server.url}.")

        print("\n1. Register a model: models.create()")
        model_id = client.models.create(
            name="ollama/llama3", url="http://gpu-7:11434", max_token_count=8192
        )
        print(f"   ollama/llama3 has the ID {model_id}.")

        print("\n2. List models, your own first: models.list()")
        for model in client.models.list(limit=6):
            print(f"   {model.name:<36} {model.provider or '-'!s:<12} {model.visibility}")
        print(f"   ... {sum(1 for _ in client.models.list(limit=None))} models in total")

        print("\n3. Update two fields; None clears a field: models.update()")
        before = client.models.retrieve(model_id)
        after = client.models.update(model_id, max_token_count=None, max_output_token_count=4096)
        for field in ("max_token_count", "max_output_token_count"):
            print(f"   {field:<23} {getattr(before, field)} -> {getattr(after, field)}")

        print("\n4. Verify that a configuration works: models.verify()")
        verification = client.models.verify(model="ollama/llama3", url="http://gpu-7:11434")
        print(f"   success: {verification.success}, response: {verification.response!r}")

        print("\n5. Pass an invalid value: InvalidRequestError, before a request is sent")
        try:
            client.models.update(model_id, max_output_token_count=80)
        except InvalidRequestError as error:
            print(f"   {error}")

        print("\n6. Register three models concurrently with an async twin: models.acreate()")
        for name in asyncio.run(register(client, "vllm/qwen3", "vllm/mistral", "vllm/gemma3")):
            print(f"   {name}")

        print("\n7. Delete a model, then try to retrieve it: models.delete(), NotFoundError")
        client.models.delete(model_id)
        try:
            client.models.retrieve(model_id)
        except NotFoundError as error:
            print(f"   {error}")

    print("\nThe source is in examples/demo.py. README.md explains how to use your own account.")


async def register(client: RootSignals, *names: str) -> list[str]:
    """Register models concurrently and return their names as the service has stored them."""
    ids = await asyncio.gather(*(client.models.acreate(name=name) for name in names))
    models = await asyncio.gather(*(client.models.aretrieve(model_id) for model_id in ids))
    return [model.name for model in models]


if __name__ == "__main__":
    main()
