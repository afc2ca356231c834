"""Fields with files, URLs and e-mail addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pydantic import JsonValue

from root.emulator.fields import SPACE, Field, InvalidValueError, StringField

__all__ = ["EmailField", "FileField", "URLField", "Upload"]

# As in Django REST Framework, but without user names, passwords and IPv6 addresses.
_URL = r"(?:https?|ftps?)://[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?(?:[/?#][!-~]*)?"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file in a form.

    Attributes:
        name: Its name, without folders.
        content: Its bytes.
    """

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class FileField(Field):
    """A field with a file in a form; its value is the name, and `Call.files` has the content.

    Attributes:
        max_bytes: The maximum size.
    """

    max_bytes: int
    is_stored: bool = False

    @property
    def type_name(self) -> str:
        """The type in responses to OPTIONS."""
        return "file upload"

    def clean(self, value: object) -> str:
        """Return the name of the file.

        Raises:
            InvalidValueError: The value is invalid.
        """
        if not isinstance(value, Upload):
            raise InvalidValueError(
                "The submitted data was not a file. Check the encoding type on the form."
            )
        if not value.name:
            raise InvalidValueError("No filename could be determined.")
        if not value.content:
            raise InvalidValueError("The submitted file is empty.")
        if len(value.content) > self.max_bytes:
            raise InvalidValueError(f"Ensure this file has no more than {self.max_bytes} bytes.")
        return value.name

    def request_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of accepted values."""
        return {"type": "string", "format": "binary", "minLength": 1}

    def response_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of returned values, the URL of the file."""
        return {"type": "string", "format": "uri-reference"}


@dataclass(frozen=True, kw_only=True)
class URLField(StringField):
    """A field with the URL of a file."""

    def clean(self, value: object) -> str:
        """Return the URL.

        Raises:
            InvalidValueError: The value is invalid.
        """
        text = super().clean(value)
        if not re.fullmatch(_URL, text):
            raise InvalidValueError("Enter a valid URL.")
        return text

    def request_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of accepted values."""
        return {"type": "string", "pattern": f"^ *{_URL} *$"}


_EMAIL = rf"[^@\u0000{SPACE}]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"


@dataclass(frozen=True, kw_only=True)
class EmailField(StringField):
    """A field with an e-mail address."""

    def clean(self, value: object) -> str:
        """Return the address.

        Raises:
            InvalidValueError: The value is invalid.
        """
        text = super().clean(value)
        if not re.fullmatch(_EMAIL, text):
            raise InvalidValueError("Enter a valid email address.")
        return text

    def request_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of accepted values."""
        return {"type": "string", "pattern": f"^ *{_EMAIL} *$"}
