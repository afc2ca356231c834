"""What `client.check()` finds out: a report of one line for each check."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Check", "Report"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What was looked at.
        ok: Whether it is as it should be; None where there was nothing to look at.
        told: What was found, or why nothing was looked at.
        advice: What to do, where it is not as it should be, or will soon not be any more.
        seconds: How long it took to look, where that tells something.
    """

    name: str
    ok: bool | None
    told: str
    advice: str | None = None
    seconds: float | None = None

    @property
    def mark(self) -> str:
        """The word for it: `ok`, `warn` where something is to be done soon, `FAILED` or `-`."""
        if self.ok is None:
            return "-"
        if not self.ok:
            return "FAILED"
        return "warn" if self.advice else "ok"

    def __str__(self) -> str:
        advice = f". {self.advice}" if self.advice else ""
        return f"{self.mark:<7}{self.name:<16}{self.told}{advice}"


@dataclass(frozen=True, slots=True)
class Report:
    """What a client is made of, and how far it gets.

    Attributes:
        checks: The checks in their order, always the same ones: `versions`, `settings`, `proxy`,
            `dns`, `tcp`, `tunnel`, `tls`, `clock`, `authentication`, `request`.
    """

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return all(check.ok is not False for check in self.checks)

    def __str__(self) -> str:
        return "\n".join(map(str, self.checks))

    def _repr_html_(self) -> str:
        from ._html import Mark, table

        marks = {"ok": Mark("ok", "good"), "FAILED": Mark("FAILED", "bad")}
        return table(
            type(self).__name__,
            [
                (check.name, marks.get(check.mark, check.mark), check.told, check.advice)
                for check in self.checks
            ],
            columns=("check", "", "found", "what to do"),
        )
