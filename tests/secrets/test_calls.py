"""Calls that succeed or fail, none of which shows the API key or a default_key."""

from __future__ import annotations

from pathlib import Path

import pytest

from root import APIConnectionError, ConfigurationError, InvalidRequestError, RootSignals
from root.models import Model
from tests.scripted_server import ScriptedServer, Step, closes, resets, responds, sends

from .calls import all_calls
from .leaks import KEY, PROVIDER_KEY, assert_error_hides, assert_logs_hide, assert_results_hide

pytestmark = pytest.mark.usefixtures("no_waits")


@pytest.mark.parametrize(
    "step",
    [closes, resets, sends(b"\x00garbage\r\n\r\n"), sends(b"HTTP/1.1 2")],
    ids=["closed", "reset", "garbage", "half a head"],
)
def test_broken_exchanges(step: Step, logs: pytest.LogCaptureFixture) -> None:
    """A broken exchange shows no secret in errors, in their causes, and in the logs."""
    with ScriptedServer([step]) as server:
        results = all_calls(server.url)
        lines = [request.partition(b"\r\n")[0].decode() for request in server.requests]
    assert sum(isinstance(item, APIConnectionError) for item in results) == 14
    assert_results_hide([*results, lines])
    assert_logs_hide(logs)


def test_no_connection(logs: pytest.LogCaptureFixture) -> None:
    """Calls without a connection show no secret."""
    with ScriptedServer([]) as server:
        url = server.url
    results = all_calls(url)
    assert sum(isinstance(item, APIConnectionError) for item in results) == 14
    assert_results_hide(results)
    assert_logs_hide(logs)


@pytest.mark.parametrize("proxied", [False, True], ids=["direct", "proxy"])
def test_successful_calls(
    proxied: bool, logs: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls that succeed show no secret in logs, URLs and results."""
    model = {"id": "a", "name": "a", "default_key": PROVIDER_KEY}

    def choose(request: bytes) -> Step:
        if b"/verify/ " in request:
            return responds(200, {"success": True, "model": "a"})
        return responds(
            200, {"results": [model], "next": None} if b"?page_size" in request else model
        )

    with ScriptedServer([], choose=choose) as server:
        if proxied:
            monkeypatch.setenv("HTTP_PROXY", server.url)
        results = all_calls("http://api.test" if proxied else server.url)
        lines = [request.partition(b"\r\n")[0].decode() for request in server.requests]
    assert not any(isinstance(item, BaseException) for item in results)
    assert sum(isinstance(item, Model) for item in results) == 6
    assert "/v1/models/" in logs.text
    assert_results_hide([*results, lines])
    assert_logs_hide(logs)


@pytest.mark.parametrize("bad", ["\n", "\r\nX-Evil: 1", "\x00", "ä", "\u2028", "\ud800"], ids=ascii)
def test_invalid_keys(bad: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A key that a header cannot contain is rejected without being shown, from any source."""
    broken = f"{KEY}{bad}{KEY}"
    errors: list[BaseException] = []
    with ScriptedServer([responds(200, {"id": "a", "name": "a"})]) as server:
        with pytest.raises(ConfigurationError) as error:
            RootSignals(broken)
        errors.append(error.value)
        with RootSignals(lambda: broken, base_url=server.url) as client:
            with pytest.raises(ConfigurationError) as error:
                client.models.retrieve("a")
            errors.append(error.value)
        with pytest.raises(ConfigurationError) as error:
            RootSignals(KEY).with_options(api_key=broken)
        errors.append(error.value)
        with pytest.raises(ConfigurationError) as error:
            RootSignals(KEY, default_headers={"X-Key": broken})
        # Local variables show all headers except for the key's.
        assert_error_hides(error.value, with_locals=False)
        if "\x00" not in bad and "\ud800" not in bad:
            monkeypatch.setenv("ROOTSIGNALS_API_KEY", broken)
            with pytest.raises(ConfigurationError) as error:
                RootSignals()
            errors.append(error.value)
            monkeypatch.delenv("ROOTSIGNALS_API_KEY")
        (tmp_path / ".env").write_bytes(b"ROOTSIGNALS_API_KEY='%s\n%s'" % ((KEY.encode(),) * 2))
        monkeypatch.chdir(tmp_path)
        with pytest.raises(ConfigurationError) as error:
            RootSignals()
        errors.append(error.value)
        assert not server.requests
    for item in errors:
        assert_error_hides(item)


@pytest.mark.parametrize(
    "value", [PROVIDER_KEY + "\ud800", 5, [PROVIDER_KEY], {"a": PROVIDER_KEY}], ids=ascii
)
def test_invalid_default_keys(value: object) -> None:
    """A default_key that the API cannot accept is rejected without being shown."""
    with RootSignals(KEY) as client, pytest.raises(InvalidRequestError) as error:
        client.models.create(name="a", default_key=value)  # type: ignore[arg-type]
    assert_error_hides(error.value)
