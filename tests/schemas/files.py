"""Files of request bodies, and what is sent of them."""

from __future__ import annotations

import io

from root._schemas.files import FilePart
from root._schemas.requests import Body, file_body


class Pipe(io.BytesIO):
    """A binary file object that cannot seek."""

    def seekable(self) -> bool:
        return False

    def seek(self, offset: int, whence: int = 0) -> int:
        raise io.UnsupportedOperation("seek")

    def tell(self) -> int:
        raise io.UnsupportedOperation("tell")

    def body(self, content_type: str = "application/octet-stream") -> Body:
        """Return a request body that is read from it."""
        return file_body(self, content_type)


def pieces_of(part: FilePart) -> list[bytes]:
    """Return the pieces of a file that are sent in one attempt."""
    reader = part.rewind()
    pieces: list[bytes] = []
    try:
        while piece := reader.read():
            pieces.append(piece)
    finally:
        reader.close()
    return pieces


def content_of(body: Body | None) -> bytes:
    """Return the bytes of a body that are sent in one attempt."""
    assert body is not None
    return b"".join(
        b"".join(pieces_of(part)) if isinstance(part, FilePart) else part for part in body.parts
    )
