"""The main job, on a service of our own: models registered, listed, changed and deleted.

Run it with `nox -s demo`. Against your account it would be the same without the emulator: leave
out `serve()` and make the client with `RootSignals()`.
"""

from __future__ import annotations

import asyncio

from root import InvalidRequestError, NotFoundError, RootSignals
from root.emulator import serve


def main() -> None:
    """Show the blocking methods, an error, and the async twins on the same client."""
    with (
        serve() as server,
        RootSignals(api_key=server.api_key, base_url=server.url) as client,
    ):
        print(f"A Root Signals service runs at {server.url}\n")

        print("Register a model of your own:")
        model_id = client.models.create(
            name="ollama/llama3", url="http://gpu-7:11434", max_token_count=8192
        )
        print(f"  ollama/llama3 is {model_id}\n")

        print("List what evaluations can run on, your own first:")
        for model in client.models.list(limit=6):
            print(f"  {model.name:<40} {model.provider or '-'!s:<12} {model.visibility}")
        print(f"  ... {sum(1 for _ in client.models.list(limit=None))} in all\n")

        print("Change it, a field at a time; None clears:")
        changed = client.models.update(model_id, max_token_count=None, max_output_token_count=4096)
        print(f"  max_token_count={changed.max_token_count}")
        print(f"  max_output_token_count={changed.max_output_token_count}\n")

        print("Try its configuration:")
        verification = client.models.verify(model="ollama/llama3", url="http://gpu-7:11434")
        print(f"  success={verification.success}, response={verification.response!r}\n")

        print("Make a mistake; it is told before anything is sent:")
        try:
            client.models.update(model_id, max_output_token_count=80)
        except InvalidRequestError as error:
            print(f"  {error}\n")

        print("Register three at once with the async twins:")
        for name in asyncio.run(register(client, "vllm/qwen3", "vllm/mistral", "vllm/gemma3")):
            print(f"  {name}")

        print("\nDelete the first one, and look for it:")
        client.models.delete(model_id)
        try:
            client.models.retrieve(model_id)
        except NotFoundError as error:
            print(f"  {error}")


async def register(client: RootSignals, *names: str) -> list[str]:
    """Register models concurrently and return the names as the service has them."""
    ids = await asyncio.gather(*(client.models.acreate(name=name) for name in names))
    models = await asyncio.gather(*(client.models.aretrieve(model_id) for model_id in ids))
    return [model.name for model in models]


if __name__ == "__main__":
    main()
