"""`SCORABLE_API_KEY` and `SCORABLE_API_URL`: a base URL is used only with its own key."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from root import AsyncRootSignals, RootSignals
from root.config import no_key
from root.errors import ConfigurationError, MissingKeyError

from .settings import change_settings, resolve_settings, write_dotenv

OURS = "https://api.app.rootsignals.ai"
THEIRS = "https://api.scorable.ai"

R_KEY = {"ROOTSIGNALS_API_KEY": "key-r"}
R_URL = {"ROOTSIGNALS_API_URL": "http://r.test"}
S_KEY = {"SCORABLE_API_KEY": "key-s"}
S_URL = {"SCORABLE_API_URL": "http://s.test"}

Variables = dict[str, str]


def set_all(monkeypatch: pytest.MonkeyPatch, variables: Variables, file: Variables) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    write_dotenv("".join(f"{name}={value}\n" for name, value in file.items()))


@pytest.mark.parametrize(
    ("variables", "file", "key", "url"),
    [
        pytest.param(S_KEY, {}, "key-s", THEIRS, id="only the key"),
        pytest.param(S_KEY | S_URL, {}, "key-s", "http://s.test", id="both"),
        pytest.param(S_KEY | R_URL, {}, "key-s", THEIRS, id="the URL of the other name"),
        pytest.param(S_KEY | S_URL | R_URL, {}, "key-s", "http://s.test", id="both URLs"),
        pytest.param(R_KEY | S_URL, {}, "key-r", OURS, id="the key of the other name"),
        pytest.param(R_KEY | S_KEY, {}, "key-r", OURS, id="both keys"),
        pytest.param(R_KEY | S_KEY | S_URL, {}, "key-r", OURS, id="all but our URL"),
        pytest.param(R_KEY | R_URL | S_KEY | S_URL, {}, "key-r", "http://r.test", id="all"),
        pytest.param(
            {"ROOTSIGNALS_API_KEY": " "} | R_URL | S_KEY, {}, "key-s", THEIRS, id="ours is blank"
        ),
        pytest.param(
            S_KEY | {"SCORABLE_API_URL": " "}, {}, "key-s", THEIRS, id="their URL is blank"
        ),
        pytest.param({}, S_KEY, "key-s", THEIRS, id="file: only the key"),
        pytest.param({}, S_KEY | S_URL, "key-s", "http://s.test", id="file: both"),
        pytest.param({}, S_KEY | R_URL, "key-s", THEIRS, id="file: the URL of the other name"),
        pytest.param({}, R_KEY | S_URL, "key-r", OURS, id="file: the key of the other name"),
        pytest.param({}, R_KEY | R_URL, "key-r", "http://r.test", id="file: ours"),
        pytest.param({}, R_KEY | R_URL | S_KEY | S_URL, "key-r", "http://r.test", id="file: all"),
        pytest.param(
            {}, {"ROOTSIGNALS_API_KEY": ""} | S_KEY, "key-s", THEIRS, id="file: ours is empty"
        ),
        pytest.param(
            {}, S_KEY | {"SCORABLE_API_URL": ""}, "key-s", THEIRS, id="file: their URL is empty"
        ),
        pytest.param(S_KEY, R_KEY | R_URL, "key-s", THEIRS, id="environment before the file"),
        pytest.param(S_KEY, S_URL, "key-s", THEIRS, id="the URL of a file whose key is not used"),
        pytest.param(R_KEY, R_URL, "key-r", OURS, id="our URL of a file whose key is not used"),
        pytest.param(
            S_URL, S_KEY, "key-s", "http://s.test", id="URL in the environment, key in the file"
        ),
        pytest.param(
            S_URL | R_URL, S_KEY, "key-s", "http://s.test", id="both URLs, their key in the file"
        ),
        pytest.param(R_URL, S_KEY, "key-s", THEIRS, id="our URL, their key in the file"),
        pytest.param(S_URL, R_KEY, "key-r", OURS, id="their URL, our key in the file"),
        pytest.param(
            S_URL,
            S_KEY | {"SCORABLE_API_URL": "http://file.test"},
            "key-s",
            "http://s.test",
            id="the URL in the environment before that in the file",
        ),
    ],
)
def test_pairs(
    monkeypatch: pytest.MonkeyPatch, variables: Variables, file: Variables, key: str, url: str
) -> None:
    """The base URL belongs to the key: that of the same name, or the default of its service."""
    set_all(monkeypatch, variables, file)

    config = resolve_settings(api_key=None)

    assert (config.api_key, config.base_url) == (key, url)
    assert not config.key_is_given


@pytest.mark.parametrize("variables", [R_KEY, S_KEY, S_KEY | S_URL, R_KEY | R_URL])
def test_base_url_argument(monkeypatch: pytest.MonkeyPatch, variables: Variables) -> None:
    """A base URL that is passed is used with any key."""
    set_all(monkeypatch, variables, {})

    assert resolve_settings(api_key=None, base_url="http://arg.test").base_url == "http://arg.test"


@pytest.mark.parametrize("key", ["key-of-the-argument", lambda: "key-of-a-function"])
@pytest.mark.parametrize(
    ("variables", "url"),
    [(S_URL, OURS), (S_KEY | S_URL, OURS), (S_URL | R_URL, "http://r.test")],
)
def test_key_argument(
    monkeypatch: pytest.MonkeyPatch, variables: Variables, url: str, key: object
) -> None:
    """A key that is passed is not sent to the host of `SCORABLE_API_URL`."""
    set_all(monkeypatch, variables, S_KEY | S_URL)

    config = resolve_settings(api_key=key)

    assert (config.api_key, config.base_url) == (key, url)


def test_changed_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy with another key keeps the base URL."""
    set_all(monkeypatch, S_KEY | S_URL, {})

    config = change_settings(resolve_settings(api_key=None), api_key="key-of-a-copy")

    assert config.base_url == "http://s.test"


@pytest.mark.parametrize(
    ("variables", "file", "name"),
    [
        (R_KEY | {"SCORABLE_API_KEY": "schl\xfcssel"}, {}, None),
        ({"ROOTSIGNALS_API_KEY": "schl\xfcssel"} | S_KEY, {}, "ROOTSIGNALS_API_KEY"),
        ({"SCORABLE_API_KEY": "schl\xfcssel"}, R_KEY, "The environment variable SCORABLE_API_KEY"),
        ({}, {"SCORABLE_API_KEY": "schl\xfcssel"}, r"SCORABLE_API_KEY in \.env"),
    ],
)
def test_invalid_key(
    monkeypatch: pytest.MonkeyPatch, variables: Variables, file: Variables, name: str | None
) -> None:
    """An invalid key is an error if it is the first one; another one is not used in its place."""
    set_all(monkeypatch, variables, file)

    if name is None:
        resolve_settings(api_key=None)
    else:
        with pytest.raises(ConfigurationError, match=f"{name} contains"):
            resolve_settings(api_key=None)


@pytest.mark.parametrize("file", [{}, {"SCORABLE_API_URL": "http://me:password@s.test"}])
def test_invalid_url(monkeypatch: pytest.MonkeyPatch, file: Variables) -> None:
    """An invalid base URL is an error, whose text has no password."""
    variables = {} if file else {"SCORABLE_API_URL": "http://me:password@s.test"}
    set_all(monkeypatch, variables, S_KEY | file)

    with pytest.raises(ConfigurationError, match="contains a user name or password") as error:
        resolve_settings(api_key=None)
    assert "me:password" not in str(error.value)


def test_error_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error about a missing key has both names; a base URL alone is not a key."""
    set_all(monkeypatch, S_URL, {})

    with pytest.raises(MissingKeyError, match="ROOTSIGNALS_API_KEY or SCORABLE_API_KEY"):
        resolve_settings(api_key=None)


@pytest.mark.parametrize(
    ("variables", "url"),
    [
        ({}, OURS),
        (S_URL, "http://s.test"),
        (S_URL | R_URL, "http://r.test"),
        ({"SCORABLE_API_KEY": "schl\xfcssel"} | R_URL, THEIRS),
        ({"ROOTSIGNALS_API_KEY": "schl\xfcssel"} | S_KEY | S_URL, OURS),
    ],
)
def test_no_key(monkeypatch: pytest.MonkeyPatch, variables: Variables, url: str) -> None:
    """Without a key, the service is checked whose variables are set, that of a key first."""
    set_all(monkeypatch, variables, {})

    assert resolve_settings(api_key=no_key).base_url == url


@pytest.mark.parametrize("kind", [RootSignals, AsyncRootSignals])
def test_sources(
    kind: type[RootSignals | AsyncRootSignals], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sources of key and base URL are the variable, the line of the file, or the default."""

    def sources() -> tuple[str, str]:
        found = {setting.name: setting.source for setting in kind().config.explain()}
        return found["api_key"], found["base_url"]

    path = Path(".env").absolute()
    set_all(monkeypatch, {}, S_KEY | S_URL)
    assert sources() == (f"{path}, line 1", f"{path}, line 2")
    set_all(monkeypatch, S_KEY, {})
    assert sources() == (
        "environment variable SCORABLE_API_KEY",
        "default for SCORABLE_API_KEY",
    )
    set_all(monkeypatch, S_URL, {})
    assert sources()[1] == "environment variable SCORABLE_API_URL"


@pytest.mark.parametrize(
    ("before", "after"), [(S_KEY | S_URL, R_KEY), (S_KEY, R_KEY | R_URL), (R_KEY | R_URL, S_KEY)]
)
def test_pickle(monkeypatch: pytest.MonkeyPatch, before: Variables, after: Variables) -> None:
    """A client that is unpickled where there is a key of another service does not use it."""
    set_all(monkeypatch, before, {})
    pickled = pickle.dumps(resolve_settings(api_key=None))
    for name in before:
        monkeypatch.delenv(name)
    set_all(monkeypatch, after, after)
    (name,) = (name for name in before if name.endswith("KEY"))

    with pytest.raises(MissingKeyError, match=f"set the environment variable {name}, or"):
        pickle.loads(pickled)
    monkeypatch.setenv(name, "key-of-this-process")
    assert pickle.loads(pickled).api_key == "key-of-this-process"
