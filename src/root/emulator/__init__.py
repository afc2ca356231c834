"""An emulator of the Root Signals API on this machine, over real HTTP and without an account.

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
    import yaml
except ImportError as _missing:
    raise ImportError(
        f"The emulator requires the package {_missing.name!r}. Install the extra 'emulator' from a"
        ' clone of the repository: pip install ".[emulator]"',
        # `python -m root.emulator` recognises this error by the name, and omits the traceback.
        name=__name__,
    ) from _missing

from root.emulator.cursors import NextStyle
from root.emulator.faults import Fault
from root.emulator.generations import Generation
from root.emulator.history import Connections, RecordedRequest
from root.emulator.openapi import openapi
from root.emulator.resources.datasets import StoredDataSet
from root.emulator.resources.evaluators import StoredEvaluator
from root.emulator.resources.execution_logs import StoredExecutionLog
from root.emulator.resources.judges import StoredBatchExecution, StoredJudge
from root.emulator.resources.models import StoredModel
from root.emulator.resources.objectives import StoredObjective
from root.emulator.resources.projects import StoredProject
from root.emulator.running import Server
from root.emulator.server import Emulator, serve

# Imported to check that they are installed; they are not part of the public interface.
del starlette, uvicorn, yaml

__all__ = [
    "Connections",
    "Emulator",
    "Fault",
    "Generation",
    "NextStyle",
    "RecordedRequest",
    "Server",
    "StoredBatchExecution",
    "StoredDataSet",
    "StoredEvaluator",
    "StoredExecutionLog",
    "StoredJudge",
    "StoredModel",
    "StoredObjective",
    "StoredProject",
    "openapi",
    "serve",
]
