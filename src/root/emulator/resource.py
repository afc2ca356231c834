"""A resource of the API: the endpoints that follow from what it declares."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TypeAlias, TypeVar
from uuid import UUID

from starlette.responses import JSONResponse, Response

from root.emulator import problems
from root.emulator.calls import Call
from root.emulator.cursors import Ordering, parse_ordering
from root.emulator.declaration import Declaration
from root.emulator.fields import Value
from root.emulator.filters import Condition
from root.emulator.problems import Problem
from root.emulator.rows import Row
from root.emulator.table_spec import SERVICE

__all__ = ["AnyResource", "Resource"]

S = TypeVar("S", covariant=True)


class Resource(Declaration[S]):
    """A resource of the API."""

    def list_page(self, call: Call) -> Response:
        """Return a page of the objects that an organization lists."""
        ordering = Ordering()
        if self.sorted_by:
            ordering = parse_ordering(call.request.query_params, self._sortable)
        if self.refuses_unknown_parameters:
            self._check_parameters(call)
        fetch = partial(
            self.table(call.store).fetch_page,
            call.account.organization,
            ordering,
            filters=self._filters(call),
            conditions=self.conditions(call),
            others=self.others_listed(call) if self.has_public else None,
        )
        serialize = self.list_serializer(call)
        return call.paginator.respond(
            call.request, ordering, fetch, lambda row: serialize(self.for_account(call, row))
        )

    def create(self, call: Call) -> Response:
        """Create an object."""
        return JSONResponse(self.serialize_created(self.create_row(call)), 201)

    def create_row(self, call: Call) -> Row:
        """Store the object that a request creates, and return it.

        Raises:
            Problem: It is refused.
        """
        values = self.complete(call.validate(self.fields, accepts_forms=self.accepts_forms))
        self._check_unique(call, values)
        self.before_save(call.store, call.account, values, None)
        return self.insert(call.store, call.account, values)

    def retrieve(self, call: Call) -> Response:
        """Return an object."""
        return JSONResponse(self.serialize(self.for_account(call, self.find(call))))

    def replace(self, call: Call) -> Response:
        """Set all fields of an object; omitted fields get their default."""
        row = self.find_own(call)
        values = self.complete(call.validate(self.fields, accepts_forms=self.accepts_forms))
        return self._save(call, row, {name: values[name] for name in values if name in self.fields})

    def update(self, call: Call) -> Response:
        """Set the given fields of an object."""
        row = self.find_own(call)
        values = call.validate(self.patched, is_partial=True, accepts_forms=self.accepts_forms)
        stored = {name: value for name, value in values.items() if name in self.spec.fields}
        return self._save(call, row, stored)

    def delete(self, call: Call) -> Response:
        """Delete an object."""
        row = self.find_own(call)
        self.before_delete(call.store, call.account, row)
        self.table(call.store).delete(row)
        return Response(status_code=204)

    def find(self, call: Call) -> Row:
        """Return the object of a request.

        Raises:
            Problem: The organization can read no such object.
        """
        try:
            # A UUID may have upper-case letters, or no hyphens.
            id_ = str(UUID(call.request.path_params["id"]))
        except ValueError:
            raise problems.detail_problem(404, "Not found.") from None
        row = self.table(call.store).get(call.account.organization, id_)
        if row is None:
            raise problems.detail_problem(404, f"No {self.title} matches the given query.")
        return row

    def find_own(self, call: Call) -> Row:
        """Return the object of a request, which the account may change.

        Raises:
            Problem: The object does not exist, or belongs to another organization.
        """
        row = self.find(call)
        if row.organization == SERVICE:
            text = f"This {self.noun} belongs to the service. It cannot be changed or deleted."
            raise problems.detail_problem(403, text)
        if row.organization != call.account.organization:
            # It is public; private objects of others are not found.
            raise problems.permission_denied()
        return row

    def conditions(self, call: Call) -> list[Condition]:
        """Return the conditions of the filters of a list."""
        values = call.parameters({name: one.field for name, one in self.filters.items()})
        return [self.filters[name].apply(value) for name, value in values.items()]

    def _filters(self, call: Call) -> dict[str, Value]:
        return call.parameters(self.filter_fields, is_partial=True)

    def _check_parameters(self, call: Call) -> None:
        """Check the names of the parameters of a list.

        Raises:
            Problem: The list has no such parameter.
        """
        known = {"cursor", "page_size", "format", *self.filtered_by, *self.filters}
        known |= {*self.list_parameters, *self.ignored, *(("ordering",) if self.sorted_by else ())}
        if unknown := sorted({*call.request.query_params} - known):
            raise Problem(400, {name: ["Unknown query parameter."] for name in unknown})

    def _save(self, call: Call, row: Row, values: Mapping[str, Value]) -> Response:
        self._check_unique(call, values, row)
        self.before_save(call.store, call.account, values, row)
        return JSONResponse(self.serialize(self.change(call.store, call.account, row, values)))

    def _check_unique(
        self, call: Call, values: Mapping[str, Value], row: Row | None = None
    ) -> None:
        name = self.unique
        # The field may be omitted, and an object may keep its own value.
        if (
            name is None
            or name not in values
            or (row is not None and values[name] == getattr(row, name))
        ):
            return
        if self.table(call.store).find(call.account.organization, name, values[name]):
            raise self.not_unique()


AnyResource: TypeAlias = Resource[object]
