"""The client, by the name that it has in the old SDK's generated code."""

from __future__ import annotations

from root.client import AsyncRootSignals as ApiClient

__all__ = ["ApiClient"]
