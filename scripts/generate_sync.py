"""Write the sync twins of the async sources, or check that they are fresh.

    python scripts/generate_sync.py            rewrite the twins, delete those without a source
    python scripts/generate_sync.py --check    change nothing; print a diff, exit 1 if one is stale

A source goes through four steps:

1. Prose: comments, docstrings and other strings, which unasync leaves alone, get the sync names
   and lose `async` and `await` where they show code.
2. Code: unasync takes `async` and `await` out and renames.
3. Ruff sorts the imports, drops those that the twin no longer uses, and formats.
4. The guard: a twin that does not parse, or still speaks of async, is refused, never written.

What step 1 cannot say truly for both sides is refused with its line: phrase the source so that it
is true of both, or move the difference into `root/_concurrency.py` as a pair.
"""

from __future__ import annotations

import argparse
import difflib
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import unasync
from ruff import find_ruff_bin
from tokenize_rt import Token, src_to_tokens, tokens_to_src

PAIRS = (
    ("src/root/_async", "src/root/_sync"),
    ("tests/_async", "tests/_sync"),
)

# Names that do not follow the rules of `sync_name`. unasync knows some of them, but only in code,
# and the prose needs them too.
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

# Words that may stand in a twin although the guard would refuse them, each with its reason.
KEPT = {
    "run_async",  # an argument of the old SDK, accepted by both clients
}

# `anyio` and `trio` are here because their functions would merely lose their await and do nothing.
RESIDUE = re.compile(r"\w*(?:async|await|coroutine)\w*|\b(?:anyio|trio)\b", re.IGNORECASE)

# An escape such as the one in "\naclose" is matched first, so that its letter joins no word.
WORD = re.compile(r"\\.|[A-Za-z_]\w*", re.DOTALL)

# Only where they show code: "they await the answer" has to be phrased for both sides.
# "An `async with` block" is a `with` block.
SHOWN_ASYNC = re.compile(r"(?:\b([Aa])n( `*))?\basync +(?=(?:def|for|with)\b)")
SHOWN_AWAIT = re.compile(r"\bawait +(?=[A-Za-z_][\w.]*\()")


class RefusedError(Exception):
    """A source has no true twin; the message tells where and why."""


def sync_name(name: str) -> str:
    """Return what a name is called in the twin: itself, for most names."""
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
    """Return the renamings that unasync needs for this text.

    Without a row it would turn every `AsyncX` into `SyncX`.
    """
    names = {name: sync_name(name) for name in re.findall(r"[A-Za-z_]\w*", text)}
    return {name: renamed for name, renamed in names.items() if renamed != name}


def translate_prose(text: str) -> str:
    """Return a comment or string as it reads in the twin."""
    text = SHOWN_ASYNC.sub(r"\1\2", text)
    text = SHOWN_AWAIT.sub("", text)
    return WORD.sub(lambda match: sync_name(match[0]), text)


def join_f_strings(tokens: Iterable[Token]) -> Iterator[Token]:
    """Yield the tokens with each f-string as one string, as Python 3.11 has them.

    From 3.12 on an f-string comes in pieces. Treated as one string everywhere, the twin is the
    same, whichever Python wrote it.
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
    """Return the tokens with every type `Awaitable[X]` written as `X`."""
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
    """Yield the line (from 0) and the word of everything in the text that speaks of async."""
    for match in RESIDUE.finditer(text):
        if match[0] not in KEPT:
            yield text.count("\n", 0, match.start()), match[0]


def prepare(source: str, path: str) -> str:
    """Return the source with everything done that unasync does not do."""
    tokens = list(join_f_strings(src_to_tokens(source)))
    problems: list[str] = []
    for index, token in enumerate(tokens):
        if token.name in ("COMMENT", "STRING"):
            prose = translate_prose(token.src)
            tokens[index] = token._replace(src=prose)
            problems += [
                f"{path}:{(token.line or 0) + line}: {word!r} is not true of the twin:"
                " phrase it for both sides"
                for line, word in residue(prose)
            ]
    if problems:
        raise RefusedError("\n".join(problems))
    text: str = tokens_to_src(unwrap_awaitables(tokens))
    return text


def run_unasync(text: str) -> str:
    """Return the text without `async` and `await` and with the names of the twin."""
    # unasync works on files and finds its folders by name: they are absolute and temporary, for
    # with relative ones it would overwrite its own source.
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder).resolve() / "in" / "module.py"
        target = source.parents[1] / "out" / "module.py"
        source.parent.mkdir()
        source.write_text(text, encoding="utf-8", newline="\n")
        rule = unasync.Rule(f"{source.parent}/", f"{target.parent}/", rows(text))
        unasync.unasync_files([str(source)], [rule])
        return target.read_text(encoding="utf-8")


def run_ruff(text: str, path: Path) -> str:
    """Return the text as the project's ruff writes it: imports in order, none unused, formatted."""
    name = ["--stdin-filename", str(path), "-"]
    # PYI016 writes `str | Awaitable[str]`, by now `str | str`, as `str`.
    rules = "I,F401,PYI016,RUF022"
    ruff = find_ruff_bin()  # that of this environment, not the first one on the path
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
            raise RefusedError(f"{path}: ruff {command[0]} failed:\n{done.stderr.strip()}")
        text = done.stdout
    return text


def make_twin(source: str, *, source_path: str, twin: Path) -> str:
    """Return the text of a twin.

    Args:
        source: the async text.
        source_path: where it stands, for the header and for messages.
        twin: where the twin will stand, absolute; ruff looks for its configuration from there.

    Raises:
        RefusedError: the twin would not be true.
    """
    text = run_unasync(prepare(source, source_path))
    try:
        compile(text, source_path, "exec", dont_inherit=True)
    except SyntaxError as exc:
        raise RefusedError(
            f"{source_path}:{exc.lineno}: the twin does not parse: {exc.msg}"
        ) from exc
    header = f"# Generated from {source_path} by scripts/generate_sync.py. Do not edit.\n"
    text = run_ruff(header + text, twin)
    body = text.removeprefix(header)
    lines = body.splitlines()
    problems = [
        f"{source_path}: {word!r} is left in the twin: {lines[line].strip()}"
        for line, word in residue(body)
    ]
    if problems:
        raise RefusedError("\n".join(problems))
    return text


def generate(root: Path) -> dict[Path, str]:
    """Return the path and text of every twin that belongs into the tree.

    Args:
        root: the project's folder, absolute.

    Raises:
        RefusedError: a source has no true twin, or there is no source at all.
    """
    twins: dict[Path, str] = {}
    problems: list[str] = []
    for source_folder, twin_folder in PAIRS:
        if (root / twin_folder).exists() and not (root / source_folder).exists():
            raise RefusedError(f"{twin_folder} has no {source_folder} beside it any more.")
        for source in sorted((root / source_folder).rglob("*.py")):
            twin = root / twin_folder / source.relative_to(root / source_folder)
            try:
                twins[twin] = make_twin(
                    source.read_text(encoding="utf-8"),
                    source_path=source.relative_to(root).as_posix(),
                    twin=twin,
                )
            except RefusedError as exc:
                problems.append(str(exc))
    if problems:
        raise RefusedError("\n".join(problems))
    if not twins:
        raise RefusedError(f"{root} holds no async source: is it the project's folder?")
    return twins


def find_twins(root: Path) -> dict[Path, str]:
    """Return the path and text of every twin that is in the tree."""
    return {
        path: path.read_text(encoding="utf-8")
        for _, folder in PAIRS
        for path in sorted((root / folder).rglob("*.py"))
    }


def difference(root: Path, found: Mapping[Path, str], expected: Mapping[Path, str]) -> str:
    """Return a unified diff from the twins found to the twins expected; empty if they agree."""
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
    """Rewrite or check the twins and return the exit code."""
    parser = argparse.ArgumentParser(description="Write the sync twins of the async sources.")
    parser.add_argument(
        "--check",
        action="store_true",
        help="change nothing; print a diff and exit 1 if a twin is stale, missing or an orphan",
    )
    parser.add_argument(
        "--root",
        type=Path,
        default=Path(__file__).parents[1],
        help="the project's folder (default: the one this script is in)",
    )
    options = parser.parse_args(arguments)
    root = options.root.resolve()

    try:
        expected = generate(root)
    except RefusedError as exc:
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
            print("The twins are not fresh: run `nox -s sync`.", file=sys.stderr)
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
