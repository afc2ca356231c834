"""The document with the table, docs/faults.md."""

from __future__ import annotations

from pathlib import Path

from .calls import CALLS
from .scripts import Fault
from .table import SECTIONS

DOCUMENT = Path(__file__).parents[2] / "docs" / "faults.md"

INTRODUCTION = """\
# Faults, and the outcome of each call

Each time the tests run, every fault below is injected into every call, blocking and async, over
real sockets; this page is generated from the same table. Within its timeouts, a call ends with the
result or with one of the errors of `root.errors`.

- **Retried** means up to `max_retries` times, with growing waits and within the `deadline`. The
  error is raised if the fault lasts; if it passes, the call returns its result.
- **May have been processed** is `error.may_have_been_processed`: the service received the request,
  and it is unknown whether it processed it. Check before you repeat the call. Any other error
  reports that nothing was changed.
- **Nothing is created or paid twice.** `create` and `update`, `verify` and `evaluators.run`, of
  which the last two cost money, and other calls that are not idempotent are retried only if the
  service did not receive the request or refused to process it. So is a PUT of an object with
  versions, of which each PUT makes one.
- **A file is read again for each attempt.** One that cannot be read twice, such as a pipe, is not
  sent again after a part of it was read.
- **A streamed response** is retried until its head has arrived. A fault in its body is raised
  where the body is read. The `timeout` then applies to each piece, and the body, whatever its size
  and content, is left to you. That of a refinement is read as events, and one that has none is an
  error.
- The API key is sent to the host of the base URL and to no other, whatever a redirect requests.

The tables show the outcome of a fault that lasts.
"""

OVER_HTTPX = {
    "the service reads the request too slowly": "in blocking code a large request may take longer",
    "the response arrives byte by byte, too slowly": "in blocking code the head may take longer",
    "the response arrives byte by byte over a proxy, too slowly": "the same",
    "more bytes than Content-Length": "the error is an `APIConnectionError`",
    "the proxy closes the connection instead of opening a tunnel": (
        "the error has **may have been processed**, to be safe"
    ),
    "the proxy sends nothing instead of opening a tunnel": "the same",
}
"""The differences over the user's own HTTP client, by fault."""

HTTPX = """\
## Over your own HTTP client

The same faults are injected with httpx clients that are passed as `http_client`. There, httpx
decides some of the outcomes, which are different:
"""

COLUMNS = (
    ("retrieve", "list"),
    ("replace", "delete", "set_tags", "harmless_post", "upload"),
    ("create", "update", "verify", "run", "create_file", "unsafe_put"),
    ("upload_once",),
    ("download",),
    ("streamed_post", "refine"),
)


def document() -> str:
    """Return the text of docs/faults.md."""
    parts = [INTRODUCTION]
    for title, faults in SECTIONS.items():
        names = [", ".join(CALLS[call] for call in calls) for calls in COLUMNS]
        lines = [f"## {title}\n", f"| | {' | '.join(names)} |", f"|---{'|---' * len(COLUMNS)}|"]
        for fault in faults:
            cells = [shown(fault, calls) for calls in COLUMNS]
            lines.append(f"| {' | '.join([fault.name, *cells])} |")
        parts.append("\n".join(lines) + "\n")
    parts.append(HTTPX)
    parts.append("\n".join(f"- {name}: {text}" for name, text in OVER_HTTPX.items()) + "\n")
    return "\n".join(parts)


def shown(fault: Fault, calls: tuple[str, ...]) -> str:
    """Return the outcome of some calls: once, if it is the same for most of them."""
    texts = [str(fault.cells[call]) for call in calls]
    usual = max(texts, key=texts.count)
    others = [
        f"{CALLS[call]}: {text}" for call, text in zip(calls, texts, strict=True) if text != usual
    ]
    return "; ".join([usual, *others])
