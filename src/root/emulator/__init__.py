"""The service on your own machine: models managed over real HTTP, with no account.

```python
import root.emulator
from root import RootSignals

with root.emulator.serve() as server:
    client = RootSignals(api_key=server.api_key, base_url=server.url)
    client.models.create(name="ollama/llama3", url="http://gpu-7:11434")
```

From a terminal: `python -m root.emulator --port 8000 --db models.sqlite3`.
"""

try:
    import starlette
    import uvicorn
except ImportError as _missing:
    raise ImportError(
        f"The emulator needs the package {_missing.name!r}, which the extra brings: "
        'pip install "root-sdk[emulator]"',
        # By this name `python -m root.emulator` knows what failed, and tells it without traceback.
        name=__name__,
    ) from _missing

from root.emulator.control import StoredModel
from root.emulator.cursors import NextStyle
from root.emulator.faults import Fault
from root.emulator.history import Connections, RecordedRequest
from root.emulator.openapi import openapi
from root.emulator.server import Server, serve

# They were imported to see whether they are there, and are not for others to find here.
del starlette, uvicorn

__all__ = [
    "Connections",
    "Fault",
    "NextStyle",
    "RecordedRequest",
    "Server",
    "StoredModel",
    "openapi",
    "serve",
]
