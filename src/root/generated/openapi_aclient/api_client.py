"""The client, by the name that it has in the old SDK's generated code."""

from __future__ import annotations

from root.client import RootSignals as ApiClient

__all__ = ["ApiClient"]
