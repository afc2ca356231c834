"""Evaluate an answer, read its log, and register a model, on an emulator of the service.

Run it with `nox -s demo`; no account is needed. To use your account instead, leave out `serve()`
and create the client with `RootSignals()`.
"""

from __future__ import annotations

from textwrap import fill

from root import NotFoundError, RootSignals
from root.emulator import serve

QUESTION = "Can I return it?"
ANSWER = "You can return it within 30 days."


def main() -> None:
    """Print what the service returns for an answer, its log and a model."""
    with (
        serve() as server,
        RootSignals(api_key=server.api_key, base_url=server.url) as client,
    ):
        print(f"An emulator of the Root Signals API runs at {server.url}.")

        print("\n1. Evaluate an answer: client.evaluators.Relevance()")
        result = client.evaluators.Relevance(request=QUESTION, response=ANSWER, tags=["demo"])
        show(f"question       {QUESTION}")
        show(f"answer         {ANSWER}")
        show(f"score          {result.score}")
        show(f"justification  {result.justification}")

        print("\n2. List the logs of evaluations: client.execution_logs.list()")
        for log in client.execution_logs.list(tags=["demo"]):
            show(f"{log.created_at:%H:%M:%S}       {log.executed_item_name}: {log.score}")

        print("\n3. Register a model, and list models, your own first: client.models")
        model_id = client.models.create(name="ollama/llama3", url="http://gpu-7:11434")
        for model in client.models.list(limit=4):
            show(f"{model.name}")

        print("\n4. Delete it, and see what an error explains: NotFoundError")
        client.models.delete(model_id)
        try:
            client.models.retrieve(model_id)
        except NotFoundError as error:
            show(f"error          {error}")

    print("\nThe source is examples/demo.py. docs/start.md has the next steps.")


def show(text: str) -> None:
    """Print indented text; further lines begin where the second column does."""
    print(fill(text, 88, initial_indent="   ", subsequent_indent=" " * 18))


if __name__ == "__main__":
    main()
