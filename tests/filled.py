"""An emulator with several objects of each kind."""

from __future__ import annotations

from root import RootSignals
from root.emulator import Server


def fill(server: Server) -> Server:
    """Create four objects of each kind that the service has, and return the emulator."""
    with RootSignals(api_key=server.api_key, base_url=server.url) as client:
        for number in range(4):
            client.models.create(name=f"own/{number}", url="http://gpu", max_token_count=5)
            evaluator = client.evaluators.create("{{response}}", name=f"Own {number}")
            judge = client.judges.create(
                name=f"Judge {number}", intent="i", evaluator_references=[{"id": evaluator.id}]
            )
            evaluator.run(response="a")
            client.datasets.create(name=f"Data {number}", file=b"a,b\n")
            batch = client.judges.batches.create(judge.id, [{"response": "a"}])
            # It has ended when it has been polled often enough.
            while client.judges.batches.get(batch.id).status != "completed":
                continue
    return server
