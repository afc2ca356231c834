"""The report of a connection check."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Check", "Report"]


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check.

    Attributes:
        name: What was checked.
        ok: Whether it passed, or None if there was nothing to check.
        detail: What was found, or why nothing was checked.
        advice: What to do if it failed, or soon will.
        seconds: How long it took, if that matters.
    """

    name: str
    ok: bool | None
    detail: str
    advice: str | None = None
    seconds: float | None = None

    @property
    def mark(self) -> str:
        """The result in a word: `ok`, `warn` if action is needed soon, `FAILED` or `-`."""
        if self.ok is None:
            return "-"
        if not self.ok:
            return "FAILED"
        return "warn" if self.advice else "ok"

    def __str__(self) -> str:
        advice = f". {self.advice}" if self.advice else ""
        return f"{self.mark:<7}{self.name:<16}{self.detail}{advice}"


@dataclass(frozen=True, slots=True)
class Report:
    """The results of all checks.

    Attributes:
        checks: The checks. Their order is always the same: `versions`, `settings`, `proxy`,
            `dns`, `tcp`, `tunnel`, `tls`, `clock`, `authentication`, `request`.
    """

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether no check failed."""
        return all(check.ok is not False for check in self.checks)

    def __str__(self) -> str:
        return "\n".join(map(str, self.checks))

    def _repr_html_(self) -> str:
        from .._display.html import Mark, table

        marks = {"ok": Mark("ok", "good"), "FAILED": Mark("FAILED", "bad")}
        return table(
            type(self).__name__,
            [
                (check.name, marks.get(check.mark, check.mark), check.detail, check.advice)
                for check in self.checks
            ],
            columns=("check", "", "detail", "what to do"),
        )
