"""The report of `client.check()`: one line for each check."""

from __future__ import annotations

from ._doctor.report import Check, Report

__all__ = ["Check", "Report", "without_client"]


def without_client(problem: str, advice: str | None = None) -> Report:
    """Return the report where no client can be created, because a setting is missing or invalid.

    It has the checks of `client.check()`: the versions, the settings, which failed, and the
    others, which were skipped.

    ```python
    from root import ConfigurationError, RootSignals, checks

    try:
        client = RootSignals(base_url="localhost:8000")
    except ConfigurationError as error:
        print(checks.without_client(str(error)))
    ```

    Args:
        problem: What is wrong with the settings.
        advice: What to do.
    """
    from ._doctor import findings

    return Report(
        (
            findings.versions(),
            findings.invalid_settings(problem, advice),
            *(
                findings.skipped(name, "settings")
                for name in (*findings.CONNECTION, *findings.SERVICE)
            ),
        )
    )
