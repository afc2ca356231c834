"""Tools that hook httpx see calls, each in a process of its own, with users' code as it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from root.emulator import Server

pytestmark = pytest.mark.tools

# What a program does without knowing of any tool.
CALLS = """
import asyncio, os
from root import AsyncRootSignals, RootSignals

def calls():
    client = RootSignals(os.environ["KEY"], base_url=os.environ["URL"])
    assert [model.name for model in client.models.list(limit=1)] == ["a"]

    async def async_calls():
        async with AsyncRootSignals(os.environ["KEY"], base_url=os.environ["URL"]) as client:
            assert [model.name async for model in client.models.list(limit=1)] == ["a"]

    asyncio.run(async_calls())
"""

OPENTELEMETRY = """
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

exporter, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
HTTPXClientInstrumentor().instrument(tracer_provider=provider)
calls()
spans = exporter.get_finished_spans()
assert [span.name for span in spans] == ["GET", "GET"], spans
assert os.environ["KEY"] not in "".join(span.to_json() for span in spans)
"""

SENTRY = """
import sentry_sdk
from sentry_sdk.integrations.httpx import HttpxIntegration

events = []
sentry_sdk.init(
    dsn="http://key@127.0.0.1:1/1",
    integrations=[HttpxIntegration()],
    traces_sample_rate=1.0,
    before_send_transaction=lambda event, hint: events.append(event),
)
with sentry_sdk.start_transaction(name="calls"):
    calls()
(event,) = events
spans = [span for span in event["spans"] if span["op"] == "http.client"]
assert len(spans) == 2, event
assert "/v1/models/" in spans[0]["description"]
"""

# With its defaults, Sentry sends local variables with an exception.
SENTRY_LOCALS = """
import sentry_sdk
from sentry_sdk.integrations.httpx import HttpxIntegration

events = []
sentry_sdk.init(
    dsn="http://key@127.0.0.1:1/1",
    integrations=[HttpxIntegration()],
    traces_sample_rate=1.0,
    before_send=lambda event, hint: events.append(event),
)
SECRET = "sk-of-a-provider-" * 20
SETTINGS = {"name": "b", "default_key": SECRET}

def failing_calls(client):
    models = client.models
    yield lambda: models.create(**SETTINGS)
    yield lambda: models.update("a", default_key=SECRET)
    yield lambda: models.verify(model="b", api_key=SECRET)
    yield lambda: models.create_many([SETTINGS])
    yield lambda: models.create_many([SETTINGS, {"defaultkey": SECRET}])
    yield lambda: models.plan([SETTINGS])
    yield lambda: models.ensure(**SETTINGS)
    yield lambda: client.request("POST", "/v1/models/", json=SETTINGS)

async def awaited(number):
    # Nothing is listening there.
    async with AsyncRootSignals(os.environ["KEY"], base_url="http://127.0.0.1:1") as client:
        await list(failing_calls(client.with_options(max_retries=0)))[number]()

client = RootSignals(os.environ["KEY"], base_url="http://127.0.0.1:1", max_retries=0)
for number, call in enumerate(failing_calls(client)):
    for work in (call, lambda: asyncio.run(awaited(number))):
        try:
            work()
        except Exception:
            sentry_sdk.capture_exception()
sentry_sdk.flush()
assert len(events) == 16, len(events)
frames = [
    frame
    for event in events
    for value in event["exception"]["values"]
    for frame in value.get("stacktrace", {"frames": ()})["frames"]
    # The frames of this program are the user's.
    if frame["module"] != "__main__"
]
assert any(frame["module"] == "root._sync.resources.models" for frame in frames)
for frame in frames:
    for secret in ("sk-of-a-provider", os.environ["KEY"]):
        assert secret not in str(frame["vars"]), (frame["module"], frame["function"], frame["vars"])
"""

DATADOG = """
import ddtrace
from ddtrace.trace import TraceFilter, tracer

spans = []

class Collect(TraceFilter):
    def process_trace(self, trace):
        spans.extend(trace)

tracer.configure(trace_processors=[Collect()])
ddtrace.patch(httpx=True)
calls()
assert [span.name for span in spans] == ["http.request", "http.request"], spans
"""

VCR = """
import sys
import vcr

cassette = sys.argv[1]
my_vcr = vcr.VCR(filter_headers=["authorization"])
with my_vcr.use_cassette(cassette) as recorded:
    calls()
    assert len(recorded) == 2
    assert recorded.play_count == 0
assert os.environ["KEY"] not in open(cassette).read()

# Nothing is sent: there is nobody.
port = os.environ["URL"].rpartition(":")[2]
text = open(cassette).read()
open(cassette, "w").write(text.replace(f"127.0.0.1:{port}", "127.0.0.1:1"))
os.environ["URL"] = "http://127.0.0.1:1"
with my_vcr.use_cassette(cassette, record_mode="none") as recorded:
    calls()
    assert recorded.play_count == 2

# After the end of the cassette, calls reach the network again.
from root import APIConnectionError
try:
    calls()
except APIConnectionError:
    pass
else:
    raise AssertionError("a response without a service")
"""

PROGRAMS = {
    "opentelemetry": OPENTELEMETRY,
    "sentry": SENTRY,
    "sentry with local variables": SENTRY_LOCALS,
    "datadog": DATADOG,
    "vcrpy": VCR,
}


@pytest.fixture
def environment(emulator: Server) -> dict[str, str]:
    emulator.add_model(name="a")
    return {**os.environ, "KEY": emulator.api_key, "URL": emulator.url, "DD_TRACE_ENABLED": "true"}


def run(*command: str, environment: dict[str, str], status: int = 0) -> str:
    done = subprocess.run(
        (sys.executable, *command),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
    )
    assert done.returncode == status, done.stdout
    return done.stdout


@pytest.mark.parametrize("program", PROGRAMS)
def test_tool(program: str, environment: dict[str, str], tmp_path: Path) -> None:
    """The tool sees the calls of both clients."""
    run("-c", CALLS + PROGRAMS[program], str(tmp_path / "cassette.yaml"), environment=environment)


PYTEST_HTTPX = """
import httpx
import pytest
from root import AsyncRootSignals, RootSignals

PAGE = {"next": None, "previous": None, "results": [{"id": "1", "name": "mocked"}]}

def test_blocking(httpx_mock):
    httpx_mock.add_response(url="https://api.test/v1/models/?page_size=1", json=PAGE)
    client = RootSignals("k", base_url="https://api.test")
    assert [model.name for model in client.models.list(limit=1)] == ["mocked"]
    assert httpx_mock.get_request().headers["Authorization"] == "Api-Key k"

async def call():
    async with AsyncRootSignals("k", base_url="https://api.test") as client:
        return [model.name async for model in client.models.list(limit=1)]

def test_async(httpx_mock):
    import asyncio
    httpx_mock.add_response(url="https://api.test/v1/models/?page_size=1", json=PAGE)
    assert asyncio.run(call()) == ["mocked"]
"""

RECORDING = """
import os
import pytest
from root import RootSignals

@pytest.mark.vcr
def test_recorded():
    client = RootSignals(os.environ["KEY"], base_url=os.environ["URL"])
    assert [model.name for model in client.models.list(limit=1)] == ["a"]
"""

GUARDED = """
import pytest
from root import RootSignals

@pytest.mark.vcr
def test_guarded():
    client = RootSignals("k", base_url="https://api.test")
    client.models.retrieve("1")
"""


def run_pytest(
    folder: Path, test: str, *arguments: str, environment: dict[str, str], status: int = 0
) -> str:
    (folder / "test_it.py").write_text(test, encoding="utf-8")
    command = ("-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments)
    return run(*command, str(folder), environment=environment, status=status)


def test_pytest_httpx(environment: dict[str, str], tmp_path: Path) -> None:
    """pytest-httpx mocks calls, and the guard of tests does not stand in its way."""
    assert "2 passed" in run_pytest(tmp_path, PYTEST_HTTPX, environment=environment)


def test_pytest_recording(environment: dict[str, str], emulator: Server, tmp_path: Path) -> None:
    """pytest-recording records a call, and then plays it without a service."""
    recording = run_pytest(tmp_path, RECORDING, "--record-mode=once", environment=environment)
    assert "1 passed" in recording
    sent = len(emulator.requests)

    played = run_pytest(
        tmp_path, RECORDING, "--record-mode=none", "--block-network", environment=environment
    )

    assert "1 passed" in played
    assert len(emulator.requests) == sent


def test_the_guard_blocks_a_recording(environment: dict[str, str], tmp_path: Path) -> None:
    """What would be recorded from the real service is blocked where a connection is opened."""
    output = run_pytest(tmp_path, GUARDED, "--record-mode=once", environment=environment, status=1)

    assert "A test tried to connect to the real service" in output
    assert not list(tmp_path.glob("**/*.yaml"))
