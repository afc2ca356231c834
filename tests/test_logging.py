"""The logger `rootsignals` in programs that configure logging, or do not."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from root import ConfigurationError, NotFoundError, RootSignals
from root.emulator import Server

CALLS = """
from root import NotFoundError, RootSignals
client, other = RootSignals(), RootSignals()
list(client.models.list(limit=1))
try:
    other.models.retrieve("no-such")
except NotFoundError:
    pass
"""
TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}"
SENT = rf"{TIME} DEBUG rootsignals: GET /v1/models/\S* is sent to \S+ \(attempt 1\)"
DONE = rf"{TIME} INFO rootsignals: GET /v1/models/ 200 \d+ ms"
FAILED = (
    rf"{TIME} WARNING rootsignals: GET /v1/models/no-such/ failed after 1 attempt, \d+ ms:"
    r" status 404 \(NotFoundError\), request ID \S+"
)


def lines(server: Server, code: str, log: str | None = None) -> list[str]:
    """Return what a program writes to stderr."""
    environment = os.environ | {
        "ROOTSIGNALS_API_KEY": server.api_key,
        "ROOTSIGNALS_API_URL": server.url,
    }
    if log is not None:
        environment["ROOTSIGNALS_LOG"] = log
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, check=True, env=environment, text=True)
    return done.stderr.splitlines()


def test_no_configuration(emulator: Server) -> None:
    """A program that does not configure logging gets no line, also for a call that fails."""
    assert lines(emulator, CALLS) == []


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        ("debug", [SENT, DONE, SENT, FAILED]),
        (" INFO ", [DONE, FAILED]),
        ("Warning", [FAILED]),
        ("WARN", [FAILED]),
        ("error", []),
        ("Critical", []),
        (" ", []),
    ],
)
def test_variable(emulator: Server, level: str, expected: list[str]) -> None:
    """With `ROOTSIGNALS_LOG`, each record is one line on stderr, whatever number of clients."""
    found = lines(emulator, CALLS, level)

    assert len(found) == len(expected)
    for line, pattern in zip(found, expected, strict=True):
        assert re.fullmatch(pattern, line)


CONFIGURE = "import logging; logging.basicConfig(format='mine: %(message)s')"


@pytest.mark.parametrize(
    "code",
    [
        f"{CONFIGURE}\n{CALLS}",
        CALLS.replace("list(client", f"{CONFIGURE}\nlist(client"),
        f"""
import logging, sys
handler = logging.StreamHandler(sys.stderr)
handler.setFormatter(logging.Formatter("mine: %(message)s"))
logging.getLogger("rootsignals").addHandler(handler)
{CALLS}
""",
    ],
    ids=["before the client", "after the client", "on the logger"],
)
def test_variable_in_a_program_that_configures_logging(emulator: Server, code: str) -> None:
    """A handler of the program gets the records of the level, and they are not written twice."""
    done, failed = lines(emulator, code, "info")

    assert done.startswith("mine: GET /v1/models/ 200 ")
    assert failed.startswith("mine: GET /v1/models/no-such/ failed after 1 attempt")


def test_level_of_the_program(emulator: Server) -> None:
    """A level that the program has set takes precedence over `ROOTSIGNALS_LOG`."""
    code = f"import logging; logging.getLogger('rootsignals').setLevel('WARNING')\n{CALLS}"

    (line,) = lines(emulator, code, "debug")

    assert re.fullmatch(FAILED, line)


def test_variable_in_another_process(emulator: Server) -> None:
    """A client that was pickled is logged where it is unpickled."""
    code = """
import os, pickle, sys
from root import RootSignals
pickled = pickle.dumps(RootSignals())
os.environ["ROOTSIGNALS_LOG"] = "info"
list(pickle.loads(pickled).models.list(limit=1))
"""
    (line,) = lines(emulator, code)

    assert re.fullmatch(DONE, line)


def test_terminal_of_the_variable(emulator: Server) -> None:
    """What controls a terminal is escaped, and a program without stderr is not disturbed."""
    code = f"""
import logging, sys
{CALLS}
logging.getLogger("rootsignals").error("\\x1b[2J\\nforged")
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("rootsignals.emulator").exception("failed")
before, sys.stderr = sys.stderr, None
logging.getLogger("rootsignals").error("lost")
sys.stderr = before
"""
    _, error, failed, traceback, *_ = lines(emulator, code, "warning")

    assert error.endswith(r" ERROR rootsignals: \x1b[2J\nforged")
    assert failed.endswith(" ERROR rootsignals.emulator: failed")
    assert traceback.startswith("Traceback")


def test_invalid_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown level is an error."""
    monkeypatch.setenv("ROOTSIGNALS_LOG", "verbose")

    with pytest.raises(ConfigurationError) as error:
        RootSignals("key")

    assert str(error.value) == (
        "The environment variable ROOTSIGNALS_LOG must be debug, info, warning, error or critical,"
        " not 'verbose'. Correct or unset it."
    )


def test_format_with_attributes(emulator: Server) -> None:
    """A format of the program may contain the attributes, in each record of the client."""
    code = f"""
import logging
logging.basicConfig(
    format="%(rootsignals_event)s %(rootsignals_request_id)s %(rootsignals_status)s",
    level=logging.DEBUG,
)
for name in ("httpx", "httpcore", "asyncio"):
    logging.getLogger(name).setLevel("ERROR")
{CALLS}
import os
from root import ConfigurationError
os.environ["ROOTSIGNALS_OFFLINE"] = "1"
try:
    RootSignals(base_url="http://api.test").models.retrieve("a")
except ConfigurationError:
    pass
"""
    sent, done, _, failed, _, offline = map(str.split, lines(emulator, code))

    assert sent == ["request", "None", "None"]
    assert (done[0], done[2]) == ("response", "200")
    assert (failed[0], failed[2]) == ("failure", "404")
    assert done[1] != failed[1]
    assert "None" not in (done[1], failed[1])
    assert offline == ["offline", "None", "None"]


def test_request_id(emulator: Server, caplog: pytest.LogCaptureFixture) -> None:
    """The request ID of a record is that of the error, and of the service."""
    with (
        RootSignals(emulator.api_key, base_url=emulator.url) as client,
        pytest.raises(NotFoundError) as error,
    ):
        client.models.retrieve("no-such")

    (record,) = (record for record in caplog.records if record.name == "rootsignals")
    assert vars(record)["rootsignals_request_id"] == error.value.request_id
    assert error.value.request_id
    assert record.levelno == logging.WARNING


def test_documented_attributes(emulator: Server, caplog: pytest.LogCaptureFixture) -> None:
    """The documentation has all attributes, none of which every record has."""
    with (
        RootSignals(emulator.api_key, base_url=emulator.url) as client,
        pytest.raises(NotFoundError),
    ):
        client.models.retrieve("no-such")
    text = (Path(__file__).parents[1] / "docs" / "logging.md").read_text(encoding="utf-8")
    (record,) = (record for record in caplog.records if record.name == "rootsignals")

    documented = re.findall(r"^\| `(rootsignals_\w+)` \|", text, re.MULTILINE)

    assert documented == [name for name in vars(record) if name.startswith("rootsignals_")]
    assert not vars(logging.makeLogRecord({})).keys() & {*documented}


def test_modules(emulator: Server) -> None:
    """A program that does not log calls loads no module for it."""
    code = f"""
{CALLS.partition("try:")[0]}
import json, sys
sys.stderr.write(json.dumps([name for name in sys.modules if name.endswith(".logs")]))
"""
    (line,) = lines(emulator, code)

    assert json.loads(line) == ["root._secrets.logs"]
