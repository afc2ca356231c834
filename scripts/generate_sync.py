"""Generate code from the async sources, or check that the generated code is up to date.

    python scripts/generate_sync.py            write it, and delete files without a source
    python scripts/generate_sync.py --check    write nothing; print a diff, exit 1 if it is stale

There are two kinds of twins: blocking modules (`_sync/` from `_async/`), which this script makes,
and async methods on the blocking client (`acreate` from `create`), which generate_twins.py makes.
A blocking module is made in four steps:

1. Prose: unasync does not change comments and strings. In them, names are replaced by their sync
   names, and `async` and `await` are removed from code examples.
2. Code: unasync removes `async` and `await` and replaces names.
3. Ruff sorts imports, removes unused ones, and formats.
4. Guard: a twin that does not parse, or still has a word such as `await`, is rejected.

Prose that step 1 cannot translate is rejected with its line. Word it so that it is true for async
and blocking code, or move the difference into `root/_concurrency/` as a pair.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import unasync
from generate_twins import TEST_TWINS, TwinError, find_modules, make_test_twins, make_twins
from ruff import find_ruff_bin
from tokenize_rt import Token, src_to_tokens, tokens_to_src

PAIRS = (
    ("src/root/_async", "src/root/_sync"),
    ("tests/_async", "tests/_sync"),
)

# Names that do not follow the rules of `sync_name`. unasync knows some of them, but does not
# replace them in prose.
NAMES = {
    "_async": "_sync",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
    "aiter": "iter",
    "anext": "next",
    "aclose": "close",
    "aclosing": "closing",
    "asend": "send",
    "athrow": "throw",
    "StopAsyncIteration": "StopIteration",
    # contextlib
    "asynccontextmanager": "contextmanager",
    "AbstractAsyncContextManager": "AbstractContextManager",
    "enter_async_context": "enter_context",
    "push_async_callback": "callback",
    "push_async_exit": "push",
    # httpx and httpcore
    "AsyncByteStream": "SyncByteStream",
    "aiter_bytes": "iter_bytes",
    "aiter_lines": "iter_lines",
    "aiter_raw": "iter_raw",
    "aiter_stream": "iter_stream",
    "aiter_text": "iter_text",
    "aread": "read",
    "handle_async_request": "handle_request",
}

# Words that the guard accepts in a twin, each with its reason.
ALLOWED = {
    "run_async",  # an argument of the old SDK that both clients accept
}

# Calls of `anyio` and `trio` would lose their `await`, parse, and do nothing.
RESIDUE = re.compile(r"\w*(?:async|await|coroutine)\w*|\b(?:anyio|trio)\b", re.IGNORECASE)

# Escapes are matched first, so that the `n` of "\naclose" does not become part of a name.
WORD = re.compile(r"\\.|[A-Za-z_]\w*", re.DOTALL)

# Only in code examples: a phrase such as "they await the response" is rejected.
# "An `async with` block" becomes "a `with` block".
SHOWN_ASYNC = re.compile(r"(?:\b([Aa])n( `*))?\basync +(?=(?:def|for|with)\b)")
SHOWN_AWAIT = re.compile(r"\bawait +(?=[A-Za-z_][\w.]*\()")


def sync_name(name: str) -> str:
    """Return the name in the twin, which is the same for most names."""
    if name in NAMES:
        return NAMES[name]
    plain = name.lstrip("_")
    underscores = name[: len(name) - len(plain)]
    if plain in NAMES:
        return underscores + NAMES[plain]
    if re.match(r"Async[A-Z]", plain):
        return underscores + plain.removeprefix("Async")
    if re.match(r"async_[a-z]", plain):
        return underscores + plain.removeprefix("async_")
    return name


def rows(text: str) -> dict[str, str]:
    """Return the names that unasync has to replace in this text.

    Without them, it would replace every `AsyncX` by `SyncX`.
    """
    names = {name: sync_name(name) for name in re.findall(r"[A-Za-z_]\w*", text)}
    return {name: renamed for name, renamed in names.items() if renamed != name}


def translate_prose(text: str) -> str:
    """Return the text of a comment or string in the twin."""
    text = SHOWN_ASYNC.sub(r"\1\2", text)
    text = SHOWN_AWAIT.sub("", text)
    return WORD.sub(lambda match: sync_name(match[0]), text)


def join_f_strings(tokens: Iterable[Token]) -> Iterator[Token]:
    """Yield the tokens with each f-string as one token, as in Python 3.11.

    Since 3.12, an f-string is several tokens. Joining them makes the twin independent of the Python
    version that runs this script.
    """
    start: Token | None = None
    text = ""
    depth = 0
    for token in tokens:
        depth += token.name.endswith("STRING_START")
        if depth == 0:
            yield token
            continue
        start = start or token
        text += token.src
        depth -= token.name.endswith("STRING_END")
        if depth == 0:
            yield start._replace(name="STRING", src=text)
            start, text = None, ""


def unwrap_awaitables(tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens with each type `Awaitable[X]` replaced by `X`."""
    result: list[Token] = []
    closers: list[bool] = []
    for index, token in enumerate(tokens):
        if (
            token.src == "Awaitable"
            and tokens[index + 1].src == "["
            and tokens[index - 1].src != "."
        ):
            continue
        if token.src == "[":
            wraps = tokens[index - 1].src == "Awaitable" and tokens[index - 2].src != "."
            closers.append(wraps)
            if wraps:
                continue
        elif token.src == "]" and closers.pop():
            continue
        result.append(token)
    return result


def residue(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line (from 0) and the word of each mention of async in the text."""
    for match in RESIDUE.finditer(text):
        if match[0] not in ALLOWED:
            yield text.count("\n", 0, match.start()), match[0]


def prepare(source: str, path: str) -> str:
    """Return the source after the changes that unasync does not make."""
    tokens = list(join_f_strings(src_to_tokens(source)))
    problems: list[str] = []
    for index, token in enumerate(tokens):
        if token.name in ("COMMENT", "STRING"):
            prose = translate_prose(token.src)
            tokens[index] = token._replace(src=prose)
            problems += [
                f"{path}:{(token.line or 0) + line}: {word!r} is not true for the twin;"
                " word it for async and blocking code"
                for line, word in residue(prose)
            ]
    if problems:
        raise TwinError("\n".join(problems))
    text: str = tokens_to_src(unwrap_awaitables(tokens))
    return text


def run_unasync(text: str) -> str:
    """Return the text without `async` and `await` and with the sync names."""
    # unasync works on files and finds their folders by name. With relative names it would overwrite
    # its own source, so these are absolute and temporary.
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder).resolve() / "in" / "module.py"
        target = source.parents[1] / "out" / "module.py"
        source.parent.mkdir()
        source.write_text(text, encoding="utf-8", newline="\n")
        rule = unasync.Rule(f"{source.parent}/", f"{target.parent}/", rows(text))
        unasync.unasync_files([str(source)], [rule])
        return target.read_text(encoding="utf-8")


def run_ruff(text: str, path: Path) -> str:
    """Return the text formatted by ruff, with sorted imports and no unused ones."""
    name = ["--stdin-filename", str(path), "-"]
    # PYI016 replaces `str | str`, which was `str | Awaitable[str]`, by `str`.
    rules = "I,F401,PYI016,RUF022"
    ruff = find_ruff_bin()  # of this environment, not the first one on the path
    commands = (
        ["check", "--select", rules, "--fix-only", "--quiet", "--no-cache", *name],
        ["format", "--quiet", "--no-cache", *name],
    )
    for command in commands:
        done = subprocess.run(
            [ruff, *command],
            input=text,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        if done.returncode:
            raise TwinError(f"{path}: ruff {command[0]} failed:\n{done.stderr.strip()}")
        text = done.stdout
    return text


def check_names(text: str, path: Path) -> None:
    """Refuse a module that lacks a name, such as one that only the source of its twins imports."""
    # Undefined names, and those that are imported for type checkers only and used by other code.
    rules = ["--select", "F821,TC004", "--no-cache", "--output-format", "json"]
    done = subprocess.run(
        [find_ruff_bin(), "check", *rules, "--stdin-filename", str(path), "-"],
        input=text,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    problems = sorted({f"{path}: {found['message']}" for found in json.loads(done.stdout)})
    if problems:
        raise TwinError("\n".join([*problems, "Import what the twins use in the public module."]))


def make_twin(source: str, *, source_path: str, twin: Path) -> str:
    """Return the text of a twin.

    Args:
        source: The text of the async module.
        source_path: The path of the source for the header and for messages.
        twin: The absolute path of the twin, from which ruff finds its configuration.

    Raises:
        TwinError: The source has no valid twin.
    """
    try:
        ast.parse(source)
    except SyntaxError as exc:
        raise TwinError(f"{source_path}:{exc.lineno}: {exc.msg}") from exc
    text = run_unasync(prepare(source, source_path))
    try:
        compile(text, source_path, "exec", dont_inherit=True)
    except SyntaxError as exc:
        raise TwinError(f"{source_path}:{exc.lineno}: the twin does not parse: {exc.msg}") from exc
    header = f"# Generated from {source_path} by scripts/generate_sync.py. Do not edit.\n"
    text = run_ruff(header + text, twin)
    body = text.removeprefix(header)
    lines = body.splitlines()
    problems = [
        f"{source_path}: {word!r} remains in the twin: {lines[line].strip()}"
        for line, word in residue(body)
    ]
    if problems:
        raise TwinError("\n".join(problems))
    return text


def generate(root: Path) -> dict[Path, str]:
    """Return the path and text of each generated file that the tree should have.

    Args:
        root: The absolute path of the project's folder.

    Raises:
        TwinError: A source has no valid twin, or there are no sources.
    """
    twins: dict[Path, str] = {}
    problems: list[str] = []
    for source_folder, twin_folder in PAIRS:
        if (root / twin_folder).exists() and not (root / source_folder).exists():
            raise TwinError(f"{twin_folder} exists, but its source {source_folder} does not.")
        for source in sorted((root / source_folder).rglob("*.py")):
            twin = root / twin_folder / source.relative_to(root / source_folder)
            try:
                twins[twin] = make_twin(
                    source.read_text(encoding="utf-8"),
                    source_path=source.relative_to(root).as_posix(),
                    twin=twin,
                )
            except TwinError as exc:
                problems.append(str(exc))
    if not twins and not problems:
        raise TwinError(f"{root} has no async sources. Is it the project's folder?")
    if problems:
        raise TwinError("\n".join(problems))
    modules = make_twins(root, run_ruff)
    for path, text in modules.items():
        check_names(text, path)
    return twins | modules | make_test_twins(root, run_ruff)


def find_twins(root: Path) -> dict[Path, str]:
    """Return the path and text of each generated file in the tree."""
    folders = [*(twin_folder for _, twin_folder in PAIRS), TEST_TWINS]
    paths = [path for folder in folders for path in sorted((root / folder).rglob("*.py"))]
    paths += find_modules(root)
    return {path: path.read_text(encoding="utf-8") for path in paths}


def difference(root: Path, found: Mapping[Path, str], expected: Mapping[Path, str]) -> str:
    """Return a unified diff of two sets of generated files; empty if they are the same."""
    diff: list[str] = []
    for path in sorted(found.keys() | expected.keys()):
        name = path.relative_to(root).as_posix()
        diff += difflib.unified_diff(
            found.get(path, "").splitlines(keepends=True),
            expected.get(path, "").splitlines(keepends=True),
            fromfile=name if path in found else "/dev/null",
            tofile=name if path in expected else "/dev/null",
        )
    return "".join(diff)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the generated code and return the exit code."""
    parser = argparse.ArgumentParser(description="Generate code from the async sources.")
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; print a diff and exit 1 if a file is stale, missing or orphaned",
    )
    parser.add_argument(
        "--root",
        type=Path,
        default=Path(__file__).parents[1],
        help="the project's folder (default: the one of this script)",
    )
    options = parser.parse_args(arguments)
    root = options.root.resolve()

    try:
        expected = generate(root)
    except TwinError as exc:
        print(exc, file=sys.stderr)
        return 1
    found = find_twins(root)

    if options.check:
        diff = difference(root, found, expected)
        orphans = [path for path in found if path not in expected]
        print(diff, end="")
        for path in orphans:
            print(f"{path.relative_to(root)} has no source")
        if diff or orphans:
            print("The generated code is not up to date. Run `nox -s sync`.", file=sys.stderr)
            return 1
        return 0

    for path in sorted(found.keys() - expected.keys()):
        path.unlink()
        print(f"deleted {path.relative_to(root)}")
    for path, text in expected.items():
        if found.get(path) != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
            print(f"wrote {path.relative_to(root)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
