"""The API key in a `.env` file, which is parsed as python-dotenv parses it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from dotenv import dotenv_values
from hypothesis import example, given, settings
from hypothesis import strategies as st

from root._config.config import OWN
from root._config.dotenv import read_dotenv
from root.errors import ConfigurationError, MissingKeyError

from .settings import KEY, resolve_settings, write_dotenv

API_KEY = OWN.key

posix = pytest.mark.skipif(sys.platform == "win32", reason="requires POSIX")

FILES = {
    "bare": f"{API_KEY}=abc",
    "line break after": f"{API_KEY}=abc\n",
    "export": f"export {API_KEY}=abc",
    "export and tab": f"export\t{API_KEY}=abc",
    "export without a space": f"export{API_KEY}=abc",
    "spaces around the equals sign": f"{API_KEY}  =   abc  ",
    "indented": f"   {API_KEY}=abc",
    "after empty lines": f"\n\n\t\n{API_KEY}=abc",
    "double quotes": f'{API_KEY}="abc"',
    "single quotes": f"{API_KEY}='abc'",
    "quotes inside": f"{API_KEY}=a'b\"c",
    "spaces in quotes": f'{API_KEY}=" abc "',
    "comment": f"{API_KEY}=abc # my key",
    "comment after quotes": f'{API_KEY}="abc"# my key',
    "hash sign inside": f"{API_KEY}=abc#def",
    "hash sign first": f"{API_KEY}=#abc",
    "only a comment": f"{API_KEY}= # my key",
    "hash sign in quotes": f"{API_KEY}='abc # def'",
    "commented out": f"# {API_KEY}=abc",
    "quoted name": f"'{API_KEY}'=abc",
    "equals signs": f"{API_KEY}=abc==",
    "empty": f"{API_KEY}=",
    "empty quotes": f'{API_KEY}=""',
    "only the name": f"{API_KEY}\nOTHER=x",
    "twice": f"{API_KEY}=abc\n{API_KEY}=def",
    "twice, the second empty": f"{API_KEY}=abc\n{API_KEY}=",
    "twice, the second without an equals sign": f"{API_KEY}=abc\n{API_KEY}",
    "longer name": f"{API_KEY}_2=abc\nMY_{API_KEY}=def",
    "lower case": f"{API_KEY.lower()}=abc",
    "other lines": f"A=1\nB='2'\n{API_KEY}=abc\nC=3",
    "Windows line breaks": f"A=1\r\n{API_KEY}=abc\r\nC=3\r\n",
    "old Mac line breaks": f"A=1\r{API_KEY}=abc\rC=3\r",
    "escapes in double quotes": f'{API_KEY}="a\\"b\\\\c\\$d"',
    "escapes in single quotes": f"{API_KEY}='a\\'b\\\\c\\nd'",
    "escapes without quotes": f"{API_KEY}=a\\nb\\'c",
    "text after quotes": f'{API_KEY}="abc" def',
    "unclosed double quote": f'{API_KEY}="abc',
    "unclosed single quote": f"{API_KEY}='abc\nOTHER=x",
    "variable": f"DOTENV_A=abc\n{API_KEY}=x${{DOTENV_A}}y",
    "variable in single quotes": f"DOTENV_A=abc\n{API_KEY}='x${{DOTENV_A}}'",
    "variable defined later": f"{API_KEY}=x${{DOTENV_A}}\nDOTENV_A=abc",
    "variable with a default": f"{API_KEY}=${{DOTENV_A:-abc}}",
    "variable that is set, with a default": f"DOTENV_A=\n{API_KEY}=x${{DOTENV_A:-abc}}",
    "variable without a value": f"DOTENV_A\n{API_KEY}=x${{DOTENV_A:-abc}}",
    "variable without braces": f"DOTENV_A=abc\n{API_KEY}=$DOTENV_A",
    "undefined variable": f"{API_KEY}=x${{DOTENV_A}}",
    "value over two lines": f'OTHER="one\n{API_KEY}=no\ntwo"\n{API_KEY}=abc',
    "text after a value over two lines": f'OTHER="one\n{API_KEY}=no\ntwo" rubbish',
    "invalid line, then the key": f"text\n{API_KEY}=abc",
    "line without a name, then the key": f"=x\n{API_KEY}=abc",
    "unclosed quote, then the key": f"OTHER='abc\n{API_KEY}=abc",
    "unclosed quote, closed by that of the key": f"OTHER='abc\n{API_KEY}='abc'",
    "quoted name over two lines": f"'\n{API_KEY}=abc'def",
    "YAML": f"{API_KEY}: abc",
    "byte order mark": f"\ufeff{API_KEY}=abc",
    "non-ASCII elsewhere": f"NAME=Jürgen\n{API_KEY}=abc",
    "no-break space around": f"{API_KEY}\xa0=\xa0abc\xa0",
}


def key_from_file() -> str:
    """Return the key that a client takes from `.env`, or "" if there is none."""
    try:
        config = resolve_settings(api_key=None)
    except MissingKeyError:
        return ""
    assert isinstance(config.api_key, str)
    return config.api_key


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_same_key_as_python_dotenv(text: str) -> None:
    """The key in `.env` is the one that python-dotenv finds."""
    write_dotenv(text)

    assert key_from_file() == (dotenv_values(".env").get(API_KEY) or "").strip()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (f"{API_KEY}=abc # my key\n", "abc"),
        (f'export {API_KEY}="abc"', "abc"),
        (f"\ufeff{API_KEY}='abc'\r\n", "abc"),
        (f"DOTENV_A=b\n{API_KEY}=a${{DOTENV_A}}${{DOTENV_B:-c}}", "abc"),
    ],
    ids=["comment", "export", "Windows", "variables"],
)
def test_syntax(text: str, key: str) -> None:
    """Quotation marks, `export`, comments, variables and a byte order mark are supported."""
    write_dotenv(text)

    assert key_from_file() == key


def test_variables_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """For variables in `.env`, the environment takes precedence over the file."""
    monkeypatch.setenv("DOTENV_A", "environment")
    write_dotenv(f"DOTENV_A=file\n{API_KEY}=${{DOTENV_A}}")

    assert key_from_file() == "environment"


VALUES = st.one_of(
    st.text("ab'\"\\#$={} -", max_size=6),
    st.lists(
        st.sampled_from(["a", "b", "'", '"', "\\", "\\n", " # c", "#", "${A}", "${A:-b}", "\n"]),
        max_size=5,
    ).map("".join),
)


QUOTED_VALUES = st.tuples(VALUES, st.sampled_from(["{}", "'{}'", '"{}"'])).map(
    lambda pair: pair[1].replace("{}", pair[0])
)


LINES = st.one_of(
    st.tuples(
        st.sampled_from(["", "", " ", "\t", "export ", "export \t", "# "]),
        st.sampled_from([API_KEY, API_KEY, f"'{API_KEY}'", "A", f"{API_KEY}2"]),
        st.sampled_from(["=", "=", " = ", "= ", "\t=", ""]),
        QUOTED_VALUES,
        st.sampled_from(["", "", " ", " # c", "#c", " x"]),
    ).map("".join),
    VALUES,
)


ANY_FILE = st.tuples(st.lists(LINES, max_size=4), st.sampled_from(["\n", "\r\n", "\n\n"])).map(
    lambda parts: parts[1].join(parts[0])
)


@settings(max_examples=500)
@given(text=ANY_FILE)
@example(text=f"{API_KEY}=a\n{API_KEY}")
@example(text=f"'\n{API_KEY}=a'b")
def test_any_file(text: str) -> None:
    """For any content of `.env`, the key is the one that python-dotenv finds."""
    write_dotenv(text)

    line = read_dotenv(Path(".env")).get(API_KEY)
    assert (line.value if line else "") == (dotenv_values(".env").get(API_KEY) or "")


LONG = 250_000

SLOW_FILES = {
    "blanks, then a quote": f"A='x'{' ' * LONG}y",
    "blanks": f"A=x{' ' * LONG}y",
    "empty lines": "\n" * LONG,
    "blanks after a name": f"A{' ' * LONG}y",
    "variables that are not closed": f"A={'${' * (LONG // 2)}",
    "variables with a colon": f"A={'${' * (LONG // 2 - 10)}:x}}",
    "variables with defaults": f"A={'${a:-' * (LONG // 5)}",
    "escapes": "A='" + "\\'" * (LONG // 2),
    "hash signs": f"A=x{' #' * (LONG // 2)}",
    "quotes": "A=\"x\nB='\n" * (LONG // 9),
}

# A file is parsed in less than a second, and all of them with quadratic time in minutes.
LIMITED = """
import resource, sys
from pathlib import Path

from root import ConfigurationError, RootSignals

resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
resource.setrlimit(resource.RLIMIT_DATA, (2**28, 2**28))
for file in sorted(Path(sys.argv[1]).iterdir()):
    file.replace(".env")
    try:
        RootSignals().close()
    except ConfigurationError as error:
        print(type(error).__name__, error)
"""


@pytest.fixture
def read_limited(tmp_path: Path) -> Callable[..., list[str]]:
    """A function that reads files as `.env`, each within limits of time and memory.

    It returns the errors.
    """

    def read_limited(*texts: str) -> list[str]:
        folder = tmp_path / "files"
        folder.mkdir()
        for number, text in enumerate(texts):
            (folder / f"{number:02}").write_text(text)
        done = subprocess.run(
            [sys.executable, "-c", LIMITED, folder], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout.splitlines()

    return read_limited


@posix
def test_linear_time(read_limited: Callable[..., list[str]]) -> None:
    """The time for a file is linear in its size."""
    assert read_limited(*(f"{text}\n{API_KEY}=abc" for text in SLOW_FILES.values())) == []


NESTED = "\n".join(["A0=0123456789", *(f"A{n + 1}=${{A{n}}}${{A{n}}}" for n in range(60))])

MANY = "\n".join([f"A={'x' * 100_000}", *(f"B{n}=${{A}}" for n in range(10_000))])

WIDE = f"A={'x' * 100_000}\nB={'${A}' * 30_000}"


@posix
def test_bounded_memory(read_limited: Callable[..., list[str]]) -> None:
    """Variables that would fill the memory are an error, without the content of the file."""
    errors = read_limited(NESTED, MANY, WIDE)

    assert len(errors) == 3
    for error in errors:
        assert error.startswith("ConfigurationError The file ")
        assert "has variables that expand to more than 1024 KiB. Correct it, or" in error
        assert "xx" not in error


def test_large_file() -> None:
    """A `.env` of more than 256 KiB is an error."""
    write_dotenv(f"{API_KEY}=abc\n" + "#" * 2**18)

    with pytest.raises(ConfigurationError, match=r"is larger than 256 KiB\. Correct it"):
        resolve_settings(api_key=None)


@posix
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/tty", "socket"])
def test_device(device: str) -> None:
    """A `.env` that is a device or a socket is an error."""
    if device == "socket":
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(".env")
    else:
        Path(".env").symlink_to(device)

    with pytest.raises(ConfigurationError, match="is neither a regular file nor a named pipe"):
        resolve_settings(api_key=None)


@posix
@pytest.mark.parametrize("parts", [["{}=abc"], ["{}=a", "bc\n"], ["A=1\n" * 30_000, "{}=abc"]])
def test_named_pipe(parts: list[str]) -> None:
    """The key is read from a named pipe, as password managers create it."""
    os.mkfifo(".env")

    def write() -> None:
        with Path(".env").open("w") as pipe:
            for part in parts:
                pipe.write(part.replace("{}", API_KEY))
                pipe.flush()

    with ThreadPoolExecutor() as threads:
        written = threads.submit(write)
        assert key_from_file() == "abc"
        written.result()


@posix
@pytest.mark.parametrize("has_writer", [True, False])
def test_silent_pipe(monkeypatch: pytest.MonkeyPatch, has_writer: bool) -> None:
    """A named pipe that is not written to is an error after ten seconds."""
    os.mkfifo(".env")
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    writer = os.open(".env", os.O_RDWR) if has_writer else None

    with pytest.raises(ConfigurationError, match="not written and closed within 10 seconds"):
        resolve_settings(api_key=None)

    assert sum(waited) == pytest.approx(10)
    if writer is not None:
        os.close(writer)


@posix
def test_endless_pipe() -> None:
    """A named pipe is read up to the size of the largest file."""
    os.mkfifo(".env")
    writer = os.open(".env", os.O_RDWR | os.O_NONBLOCK)

    def write() -> None:
        with suppress(BrokenPipeError), Path(".env").open("wb", buffering=0) as pipe:
            while True:
                pipe.write(b"#" * 2**16)

    with ThreadPoolExecutor() as threads:
        threads.submit(write)
        with pytest.raises(ConfigurationError, match="is larger than 256 KiB"):
            resolve_settings(api_key=None)
        os.close(writer)


@posix
@pytest.mark.parametrize(
    ("mode", "is_shared"),
    [(0o600, False), (0o644, False), (0o604, False), (0o602, True), (0o666, True), (0o777, True)],
)
@pytest.mark.parametrize("kind", ["file", "link"])
def test_files_that_others_can_change(mode: int, is_shared: bool, kind: str) -> None:
    """A `.env` that all users can change is an error, which names the command that forbids it."""
    write_dotenv(f"{API_KEY}=abc")
    Path(".env").chmod(mode)
    if kind == "link":
        Path(".env").replace("target")
        Path(".env").symlink_to("target")

    if not is_shared:
        assert key_from_file() == "abc"
        return
    with pytest.raises(ConfigurationError, match=r"can be changed by other users \(chmod go-w"):
        resolve_settings(api_key=None)


@posix
@pytest.mark.parametrize(
    ("name", "members", "is_own"),
    [("ann", [], True), ("ann", ["ann"], True), ("ann", ["bob"], False), ("users", [], False)],
)
def test_group(
    monkeypatch: pytest.MonkeyPatch, name: str, members: list[str], is_own: bool
) -> None:
    """A group may be able to change a `.env` if the user is its only member."""
    write_dotenv(f"{API_KEY}=abc")
    Path(".env").chmod(0o660)
    monkeypatch.setattr("pwd.getpwuid", lambda _: SimpleNamespace(pw_name="ann"))
    monkeypatch.setattr("grp.getgrgid", lambda _: SimpleNamespace(gr_name=name, gr_mem=members))

    if is_own:
        assert key_from_file() == "abc"
        return
    with pytest.raises(ConfigurationError, match="can be changed by other users"):
        resolve_settings(api_key=None)


@posix
def test_group_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A group that the system does not know may have other members."""

    def unknown(_: int) -> None:
        raise KeyError

    write_dotenv(f"{API_KEY}=abc")
    Path(".env").chmod(0o660)
    monkeypatch.setattr("grp.getgrgid", unknown)

    with pytest.raises(ConfigurationError, match="can be changed by other users"):
        resolve_settings(api_key=None)


@posix
@pytest.mark.parametrize("user", ["link", "file", "root"])
def test_owner(monkeypatch: pytest.MonkeyPatch, user: str) -> None:
    """A `.env` of another user is an error, except for root's."""
    Path("target").write_text(f"{API_KEY}=abc")
    Path(".env").symlink_to("target")
    owners = {"link": (2001, 1001), "file": (1001, 2001), "root": (0, 0)}[user]
    lstat, fstat = Path.lstat, os.fstat
    monkeypatch.setattr(os, "geteuid", lambda: 1001)
    monkeypatch.setattr(Path, "lstat", lambda path: with_owner(lstat(path), owners[0]))
    monkeypatch.setattr(os, "fstat", lambda file: with_owner(fstat(file), owners[1]))

    if user == "root":
        assert key_from_file() == "abc"
        return
    with pytest.raises(ConfigurationError, match="belongs to another user"):
        resolve_settings(api_key=None)


def with_owner(status: os.stat_result, user: int) -> os.stat_result:
    return os.stat_result((*status[:4], user, *status[5:10]))


def test_directory() -> None:
    """A directory called `.env`, as some name their virtual environment, is ignored."""
    Path(".env").mkdir()

    with pytest.raises(MissingKeyError):
        resolve_settings(api_key=None)


@pytest.mark.parametrize(
    "content", [b"\xff\xfeA\x00", b"NAME=J\xfcrgen\n"], ids=["UTF-16", "Latin-1"]
)
def test_other_encoding(content: bytes) -> None:
    """The error about a `.env` that is not UTF-8 has its path and the alternatives."""
    write_dotenv(content)

    with pytest.raises(ConfigurationError, match="cannot be read") as error:
        resolve_settings(api_key=None)

    assert str(Path(".env").absolute()) in str(error.value)
    assert "pass the API key in another way" in str(error.value)


def test_missing_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error about a `.env` that cannot be opened has the reason."""

    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    write_dotenv(f"{API_KEY}=abc")
    monkeypatch.setattr(os, "open", refuse)

    with pytest.raises(ConfigurationError, match=r"cannot be read: PermissionError\."):
        resolve_settings(api_key=None)


def test_unreadable_file_is_not_shown() -> None:
    """The error about a `.env` that cannot be read contains nothing of the file."""
    write_dotenv(f"{API_KEY}=secret\xff".encode("latin-1"))

    with pytest.raises(ConfigurationError) as error:
        resolve_settings(api_key=None)

    assert "secret" not in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__context__ is None


@pytest.mark.parametrize("source", ["argument", "environment"])
def test_file_is_read_only_if_needed(monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    """If the key comes from elsewhere, a `.env` that cannot be read does not matter."""
    write_dotenv(b"\xff")
    if source == "environment":
        monkeypatch.setenv(API_KEY, KEY)

    assert resolve_settings(api_key=KEY if source == "argument" else None).api_key == KEY


def test_environment_is_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading `.env` does not change the environment of the process."""
    write_dotenv(f"{API_KEY}=abc\nDOTENV_A=x")
    before = dict(os.environ)

    resolve_settings(api_key=None)

    assert dict(os.environ) == before
