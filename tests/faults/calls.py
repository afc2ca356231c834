"""The calls that faults are injected into, and their right responses."""

from __future__ import annotations

import json

CALLS = {
    "retrieve": "`retrieve`",
    "list": "`list`",
    "replace": "`replace`",
    "delete": "`delete`",
    "create": "`create`",
    "update": "`update`",
    "verify": "`verify`",
    "run": "`evaluators.run`",
    "create_file": "`datasets.create(file=...)`",
    "set_tags": "`execution_logs.set_tags`",
    "harmless_post": "another harmless POST",
    "unsafe_put": "a PUT that is not idempotent",
    "upload": "an upload (PUT) of a file",
    "upload_once": "an upload (PUT) of a file that can be read once",
    "download": "a streamed response",
    "streamed_post": "a streamed response to a POST",
    "refine": "`judges.refine(stream=True)`",
}
"""The calls, with their names in the document."""

STREAMED = ("download", "streamed_post", "refine")
UPLOADS = ("upload", "upload_once", "create_file")

WITHOUT_BODY = ("delete", "set_tags")

FILE = bytes(range(1, 251)) * 80
"""The content of an uploaded file."""

MODEL = {"id": "9b2f", "name": "a"}
PAGE = {"next": None, "previous": None, "results": [MODEL]}
VERIFICATION = {"success": True, "model": "a"}
EXECUTION = {"evaluator_name": "a", "score": 0.5, "execution_log_id": "9b2f"}
REFINEMENT = {"improved_response": "a", "evaluator_results": [{"score": 0.5}]}
RESULTS: dict[str, object] = dict.fromkeys(CALLS, "9b2f") | {
    "list": ["9b2f"],
    "delete": None,
    "set_tags": None,
    "verify": True,
    **dict.fromkeys(STREAMED, "read to its end"),
}
"""The result of each call without a fault: an ID, a list of them, a success."""

MAX_BYTES = 2**20
"""The maximum size of a response while faults are injected."""

SHORT = 0.4
"""Seconds for an attempt if the fault is that nothing arrives."""


def content(call: str) -> bytes:
    """Return the body of the right response, a superfluous one if there is none."""
    if call == "refine":
        return b"data: %s\n\n" % json.dumps(REFINEMENT).encode()
    shape = {"list": PAGE, "verify": VERIFICATION, "run": EXECUTION}.get(call, MODEL)
    return json.dumps(shape).encode()


def right(call: str) -> bytes:
    """Return the right response."""
    if call in WITHOUT_BODY:
        return b"HTTP/1.1 204 No Content\r\n\r\n"
    return response(201 if call in ("create", "create_file") else 200, content(call))


def response(status: int, body: bytes, *lines: str, length: int | None = None) -> bytes:
    """Return a response with this body, and a Content-Length that may be wrong."""
    length = len(body) if length is None else length
    head = "".join(f"{line}\r\n" for line in (*lines, f"Content-Length: {length}"))
    return f"HTTP/1.1 {status} Scripted\r\n{head}\r\n".encode() + body
