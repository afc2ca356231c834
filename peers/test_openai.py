"""OpenAI's own client on the emulator's judges, by the recipe of docs/api.md.

Run it with `nox -s peers`, which installs the client.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from openai import OpenAI

from root import RootSignals
from root.emulator import serve
from root.evaluators import Eval
from root.judges import Judge

QUESTION = "Can I return it?"

DOCUMENT = Path(__file__).parent.parent / "docs" / "api.md"


@pytest.fixture
def client() -> Iterator[RootSignals]:
    """A client of a new emulator."""
    with serve() as server, RootSignals(server.api_key, base_url=server.url) as client:
        yield client


@pytest.fixture
def judge(client: RootSignals) -> Judge:
    """A judge of two evaluators."""
    references = [{"id": Eval.Clarity.value}, {"id": Eval.Relevance.value}]
    return client.judges.create(
        name="Support", intent="Are answers polite?", evaluator_references=references
    )


def key_of(client: RootSignals) -> str:
    """Return the key of a client."""
    key = client._config.api_key  # pyright: ignore[reportPrivateUsage]
    assert isinstance(key, str)
    return key


def openai(client: RootSignals, base_url: str) -> OpenAI:
    """OpenAI's client, as docs/api.md creates it."""
    key = key_of(client)
    headers = {"Authorization": f"Api-Key {key}"}
    return OpenAI(base_url=base_url, api_key=key, default_headers=headers)


@pytest.mark.parametrize("refine", [False, True])
def test_completion(client: RootSignals, judge: Judge, refine: bool) -> None:
    """A completion comes with the results of the judge."""
    url = client.judges.openai_base_url(judge.id, refine=refine)

    completion = openai(client, url).chat.completions.create(
        model="gpt-5", messages=[{"role": "user", "content": QUESTION}]
    )

    assert completion.choices[0].message.content
    results = json.loads((completion.metadata or {})["evaluator_results"])
    assert {one["evaluator_name"] for one in results} == {"Clarity", "Relevance"}


def test_streamed_completion(client: RootSignals, judge: Judge) -> None:
    """A completion arrives in pieces."""
    url = client.judges.openai_base_url(judge.id)

    chunks = openai(client, url).chat.completions.create(
        model="gpt-5", messages=[{"role": "user", "content": QUESTION}], stream=True
    )

    assert QUESTION in "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


def test_response_of_a_judge_by_name(client: RootSignals, judge: Judge) -> None:
    """Without an ID, the model is the name of a judge; a response comes in the newer form, too."""
    url = client.judges.openai_base_url()

    response = openai(client, url).responses.create(model=judge.name, input=QUESTION)

    assert QUESTION in response.output_text
    assert json.loads((response.metadata or {})["evaluator_results"])


def test_recipe(client: RootSignals, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program in docs/api.md runs as it is."""
    (program,) = re.findall(
        r"^```py\n(.*?)^```", DOCUMENT.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    monkeypatch.setenv("ROOTSIGNALS_API_KEY", key_of(client))
    monkeypatch.setenv("ROOTSIGNALS_API_URL", client.base_url)

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert QUESTION in done.stdout
