"""Parsing of forms: fields that repeat, files, and their limits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from email.message import Message
from urllib.parse import parse_qsl

from root.emulator.fields import BooleanField, Fields
from root.emulator.file_fields import Upload
from root.emulator.json_fields import ListField
from root.emulator.problems import Problem, detail_problem

__all__ = ["FORM_TYPES", "Form", "parse_form", "to_json"]

FORM_TYPES = ("multipart/form-data", "application/x-www-form-urlencoded")
"""The media types of forms."""

# Those of Django: DATA_UPLOAD_MAX_NUMBER_FIELDS and DATA_UPLOAD_MAX_NUMBER_FILES.
_MAX_FIELDS = 1000
_MAX_FILES = 100
_MAX_HEADER_BYTES = 8192
# The longest that RFC 2046 permits.
_MAX_BOUNDARY = 70

Form = Mapping[str, list[str | Upload]]
"""The values of each field of a form, in order."""


def parse_form(content: bytes, content_type: str) -> Form:
    """Parse a form.

    Args:
        content: The body.
        content_type: Its `Content-Type`, of one of the media types of forms.

    Raises:
        Problem: The form is malformed, or has too many fields or files.
    """
    header = Message()
    header["Content-Type"] = content_type
    if header.get_content_type() == FORM_TYPES[1]:
        pairs: Iterator[tuple[str, str | Upload]] = iter(_parse_fields(content))
    else:
        pairs = _parse_parts(content, header.get_boundary(""))
    form: defaultdict[str, list[str | Upload]] = defaultdict(list)
    fields = files = 0
    for name, value in pairs:
        fields, files = (fields, files + 1) if isinstance(value, Upload) else (fields + 1, files)
        if fields > _MAX_FIELDS or files > _MAX_FILES:
            raise detail_problem(
                400, f"A form may have at most {_MAX_FIELDS} fields and {_MAX_FILES} files."
            )
        form[name].append(value)
    return form


def to_json(form: Form, fields: Fields) -> dict[str, object]:
    """Return the values of a form as a JSON body would have them.

    An empty text is null where a field can be null, else the field is omitted unless it may be
    blank. A list is a field that repeats.
    """
    body: dict[str, object] = {}
    for name, field in fields.items():
        if name not in form:
            continue
        *_, last = form[name]
        if isinstance(field, ListField):
            body[name] = [*form[name]]
        elif last != "" or getattr(field, "allow_blank", False):
            body[name] = last
        elif field.nullable:
            body[name] = None
        elif field.required or isinstance(field, BooleanField):
            body[name] = last
    return body


def _parse_fields(content: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            content.decode("ascii", "replace"),
            keep_blank_values=True,
            # One more, so that the caller rejects it.
            max_num_fields=_MAX_FIELDS + 1,
        )
    except ValueError:
        raise detail_problem(400, f"A form may have at most {_MAX_FIELDS} fields.") from None


def _parse_parts(content: bytes, boundary: str) -> Iterator[tuple[str, str | Upload]]:
    if not 0 < len(boundary) <= _MAX_BOUNDARY or not boundary.isascii():
        raise _malformed("Invalid boundary in multipart")
    # Each delimiter begins a line; the first line has no line break before it.
    delimiter = f"\r\n--{boundary}".encode()
    rest = b"\r\n" + content
    start = rest.find(delimiter)
    while start >= 0:
        start += len(delimiter)
        if rest.startswith(b"--", start):
            return
        end = rest.find(delimiter, start)
        headers_end = rest.find(b"\r\n\r\n", start)
        if end < 0 or not start <= headers_end < end:
            break
        if headers_end - start > _MAX_HEADER_BYTES:
            raise _malformed("The headers of a part are too long")
        yield _parse_part(rest[start:headers_end], rest[headers_end + 4 : end])
        start = end
    raise _malformed("The body is truncated")


def _parse_part(headers: bytes, content: bytes) -> tuple[str, str | Upload]:
    header = Message()
    for line in headers.decode(errors="replace").split("\r\n"):
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-disposition":
            header["Content-Disposition"] = value.strip()
    part: object = header.get_param("name", header="content-disposition")
    if not isinstance(part, str):
        raise _malformed("A part has no name")
    file_name = header.get_filename()
    if file_name is None:
        return part, content.decode(errors="replace")
    # Some clients send the whole path.
    return part, Upload(file_name.replace("\\", "/").rpartition("/")[2], content)


def _malformed(reason: str) -> Problem:
    return detail_problem(400, f"Multipart form parse error - {reason}.")
