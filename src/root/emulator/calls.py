"""An authenticated request, as the methods of a resource get it."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.requests import Request

from root.emulator.fields import Fields, Value
from root.emulator.file_fields import Upload
from root.emulator.forms import FORM_TYPES, parse_form, to_json
from root.emulator.keys import Account
from root.emulator.pagination import Paginator
from root.emulator.serializers import parse_json, validate
from root.emulator.store import Store

__all__ = ["Call"]


@dataclass(slots=True)
class Call:
    """An authenticated request, and what its handler uses.

    Attributes:
        request: The request.
        body: Its body.
        account: The account of its key.
        store: The database, within a transaction.
        paginator: The format of pages.
        files: The files of the body by field, once it is validated.
    """

    request: Request
    body: bytes
    account: Account
    store: Store
    paginator: Paginator
    files: dict[str, Upload] = field(default_factory=dict[str, Upload])

    def validate(
        self, fields: Fields, *, is_partial: bool = False, accepts_forms: bool = False
    ) -> dict[str, Value]:
        """Return the validated values of the body.

        Args:
            fields: The fields of the body.
            is_partial: Whether required fields may be omitted.
            accepts_forms: Whether the body may be a form.

        Raises:
            Problem: The body is invalid.
        """
        content_type = self.request.headers.get("content-type", "")
        media_type = content_type.partition(";")[0].strip().lower()
        if not accepts_forms or not self.body or media_type not in FORM_TYPES:
            return validate(parse_json(self.body, content_type), fields, partial=is_partial)
        form = parse_form(self.body, content_type)
        for name, (*_, last) in form.items():
            if isinstance(last, Upload):
                self.files[name] = last
        return validate(to_json(form, fields), fields, partial=is_partial)

    def parameters(self, fields: Fields, *, is_partial: bool = False) -> dict[str, Value]:
        """Return the validated parameters of the query; empty ones are ignored.

        Args:
            fields: The parameters.
            is_partial: Whether required parameters may be omitted.

        Raises:
            Problem: A parameter is invalid.
        """
        query = self.request.query_params
        data = {name: query[name] for name in fields if query.get(name, "").strip()}
        return validate(data, fields, partial=is_partial)
