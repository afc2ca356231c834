"""A bar that shows how far some work has come, in a notebook or a terminal.

```python
from root.progress import bar

client.models.create_many(settings, on_progress=bar("Creating"))
```

It is drawn by tqdm, which the extra `root-sdk[tqdm]` brings.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NoReturn, cast

from ._bulk import Progress

try:
    from tqdm import tqdm
except ImportError as _missing:
    raise ImportError(
        "Bars need the package 'tqdm', which the extra brings: pip install \"root-sdk[tqdm]\""
    ) from _missing

__all__ = ["bar"]


def bar(description: str) -> Callable[[Progress], None]:
    """Draw a bar, and return the `on_progress` that moves it on.

    It is one line of text, so that a saved notebook shows it as it was in the end: on the standard
    error stream, and in a notebook as an output of the cell. Make one for each call.

    Args:
        description: What is being done.
    """
    # A notebook shows what comes on the error stream as if it were an error.
    in_notebook = type(sys.stdout).__module__ == "ipykernel.iostream"
    drawn: tqdm[NoReturn] = tqdm(desc=description, file=_Cell() if in_notebook else sys.stderr)

    def on_progress(progress: Progress) -> None:
        # Nobody knows it earlier.
        drawn.total = progress.total
        if progress.failed:
            drawn.set_postfix_str(f"{progress.failed} failed", refresh=False)
        drawn.update(progress.done - drawn.n)
        if progress.done == progress.total:
            drawn.close()

    return on_progress


class _Cell:
    """A file for tqdm, of which a notebook's cell shows the last line.

    A stream would not do: where a notebook is run by a program, each state stays on a line of its
    own.
    """

    encoding = "utf-8"

    def __init__(self) -> None:
        from IPython import display

        # It says nothing of its types.
        handle = cast("Any", display).DisplayHandle()
        handle.display({"text/plain": ""}, raw=True)
        self._show: Callable[..., None] = handle.update

    def write(self, text: str) -> None:
        # tqdm goes back to the line's beginning to draw it anew, and ends it when it is done.
        if line := text.strip("\r\n"):
            self._show({"text/plain": line.rstrip()}, raw=True)
