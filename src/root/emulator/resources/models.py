"""The answers of the seven endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from root.emulator import problems, serializers
from root.emulator.cursors import (
    Cursor,
    NextStyle,
    Order,
    Place,
    cursor_of,
    link,
    order_of,
    size_of,
)
from root.emulator.keys import Account
from root.emulator.resources.catalogue import Catalogue
from root.emulator.serializers import Value
from root.emulator.store import Row, Store, complete

NEXT_STYLE = "root.emulator.next_style"
"""Where the scope of a request says in which form `next` is to be."""

MODEL: dict[str, JsonValue] = {
    "id": {"type": "string", "required": False, "read_only": True, "label": "Id"},
    **serializers.describe(serializers.MODEL),
}
"""What OPTIONS says of a model's fields, in the words of Django REST Framework."""

VERIFICATION: dict[str, JsonValue] = serializers.describe(serializers.VERIFICATION)
"""What it says of the fields of what is to be verified."""

_REPLY = "Hello! How can I help you today?"

# A greeting and its answer, counted as a tokenizer would, more or less.
_USAGE = {"prompt_tokens": 8, "completion_tokens": 9, "total_tokens": 17}


class Models:
    """The models of a store, with one method per endpoint.

    None of them awaits between its first and its last question to the database, so each is done
    as a whole before the next request is looked at.
    """

    def __init__(
        self, store: Store, catalogue: Catalogue, *, next_style: NextStyle, page_size_cap: int
    ) -> None:
        """Take what the answers are made from."""
        self._store = store
        self._catalogue = catalogue
        self._next_style: NextStyle = next_style
        self._page_size_cap = page_size_cap

    async def page(self, request: Request, account: Account) -> Response:
        """Answer with a page of the organisation's and the public models."""
        query = request.query_params
        order = order_of(query)
        size = size_of(query, self._page_size_cap)
        cursor = cursor_of(query, order)
        place, backwards = (cursor.place, cursor.backwards) if cursor else (None, False)
        # One more than fits tells whether there is another page in this direction.
        rows = self._store.page(
            account.organisation, order, place, backwards=backwards, limit=size + 1
        )
        more = len(rows) > size
        rows = rows[:size]
        if backwards:
            rows.reverse()
            following, previous = self._behind(account, order, rows[-1:], backwards), more
        else:
            following = more
            previous = cursor is not None and self._behind(account, order, rows[:1], backwards)
        # The neighbours of an empty page are the two ends of the list.
        first, last = (_place(rows[0], order), _place(rows[-1], order)) if rows else (None, None)
        address = request.url.path
        # A fault may ask for another form.
        style: NextStyle = request.scope.get(NEXT_STYLE) or self._next_style
        if style == "absolute":
            address = str(request.base_url).rstrip("/") + address
        parameters = query.multi_items()

        def neighbour(cursor: Cursor | None) -> str | None:
            return link(cursor, style, address, parameters)

        return JSONResponse(
            {
                "next": neighbour(Cursor(last) if following else None),
                "previous": neighbour(Cursor(first, backwards=True) if previous else None),
                "results": [self._listed(row) for row in rows],
            }
        )

    async def create(self, request: Request, account: Account) -> Response:
        """Store a new model."""
        data = serializers.read(await request.body(), _content_type(request))
        values = serializers.check(data, serializers.MODEL)
        self._check_name(account, values)
        row = self._store.add(account, values)
        return JSONResponse(_shown(row), 201)

    async def retrieve(self, request: Request, account: Account) -> Response:
        """Answer with a model."""
        return JSONResponse(_shown(self._find(request, account)))

    async def replace(self, request: Request, account: Account) -> Response:
        """Set every field of a model; one left out goes back to its default."""
        content = await request.body()
        row = self.find_own(request, account)
        data = serializers.read(content, _content_type(request))
        values = complete(serializers.check(data, serializers.MODEL))
        self._check_name(account, values, row)
        row = self._store.change(row, values)
        return JSONResponse(_shown(row))

    async def update(self, request: Request, account: Account) -> Response:
        """Set the given fields of a model."""
        content = await request.body()
        row = self.find_own(request, account)
        data = serializers.read(content, _content_type(request))
        values = serializers.check(data, serializers.MODEL, partial=True)
        self._check_name(account, values, row)
        row = self._store.change(row, values)
        return JSONResponse(_shown(row))

    async def delete(self, request: Request, account: Account) -> Response:
        """Delete a model, if it is private; public ones others may have come to rely on."""
        row = self.find_own(request, account)
        if row.visibility != "PRIVATE":
            raise problems.permission_denied()
        self._store.remove(row)
        return Response(status_code=204)

    async def verify(self, request: Request, account: Account) -> Response:
        """Say that a known model answers, and that an unknown one does not."""
        data = serializers.read(await request.body(), _content_type(request))
        model = str(serializers.check(data, serializers.VERIFICATION)["model"])
        if self._store.knows(account.organisation, model):
            return JSONResponse(
                {"success": True, "model": model, "response": _REPLY, "usage": _USAGE}
            )
        error = (
            f'The model "{model}" is not known here: it is neither in the catalogue nor among'
            " the models of this key."
        )
        return JSONResponse({"success": False, "model": model, "error": error})

    def _behind(self, account: Account, order: Order, edge: list[Row], backwards: bool) -> bool:
        place = _place(edge[0], order) if edge else None
        return bool(
            self._store.page(account.organisation, order, place, backwards=not backwards, limit=1)
        )

    def _find(self, request: Request, account: Account) -> Row:
        try:
            # A UUID may be written without hyphens or in capitals.
            id_ = str(UUID(request.path_params["id"]))
        except ValueError:
            raise problems.detail(404, "Not found.") from None
        row = self._store.get(account.organisation, id_)
        if row is None:
            raise problems.detail(404, "No Model matches the given query.")
        return row

    def find_own(self, request: Request, account: Account) -> Row:
        """Return the model of a request, which the account may change.

        Raises:
            Problem: There is none, or it is of another organisation.
        """
        row = self._find(request, account)
        if row.organisation != account.organisation:
            # It is public, or it would not be seen.
            raise problems.permission_denied()
        return row

    def _check_name(
        self, account: Account, values: Mapping[str, Value], row: Row | None = None
    ) -> None:
        name = values.get("name")
        # None is no name that was given, and a model may keep its own.
        if name is None or (row is not None and name == row.name):
            return
        if self._store.has_name(account.organisation, name):
            raise problems.not_unique()

    def _listed(self, row: Row) -> dict[str, object]:
        return {
            "id": row.id,
            "name": row.name,
            "owner": {"email": row.email, "full_name": row.full_name},
            "provider": self._catalogue.provider_of(row.model),
            "visibility": row.visibility,
        }


def _shown(row: Row) -> dict[str, object]:
    return {
        "id": row.id,
        "name": row.name,
        "model": row.model,
        "max_output_token_count": row.max_output_token_count,
        "max_token_count": row.max_token_count,
        "url": row.url,
    }


def _place(row: Row, order: Order) -> Place:
    return (row.name, row.position) if order.by_name else (row.position,)


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "")
