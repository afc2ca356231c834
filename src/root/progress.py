"""A progress bar for notebooks and terminals.

```python
from root.progress import bar

client.models.create_many(settings, on_progress=bar("Creating"))
```

It requires tqdm, which the extra `tqdm` contains.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NoReturn, Protocol, cast

try:
    from tqdm import tqdm
except ImportError as _missing:
    from .__about__ import install_advice

    raise ImportError(
        f"Progress bars require the package 'tqdm'. {install_advice('tqdm')}"
    ) from _missing

__all__ = ["Counts", "bar"]


class Counts(Protocol):
    """What a bar shows: the progress of many calls, or a batch."""

    @property
    def done(self) -> int:
        """How many have ended, including those that failed."""
        ...

    @property
    def total(self) -> int:
        """How many there are."""
        ...

    @property
    def failed(self) -> int:
        """How many have failed."""
        ...


def bar(description: str) -> Callable[[Counts], None]:
    """Show a progress bar, and return the function that updates it, for `on_progress`.

    The bar is one line of text: an output of the cell in a notebook, where it remains in the saved
    file, and otherwise on the standard error stream. Create one for each call.

    Args:
        description: The text before the bar.
    """
    # Notebooks display the error stream like an error.
    in_notebook = type(sys.stdout).__module__ == "ipykernel.iostream"
    line: tqdm[NoReturn] = tqdm(desc=description, file=_Cell() if in_notebook else sys.stderr)

    def on_progress(progress: Counts) -> None:
        # It is unknown until the first call has ended.
        line.total = progress.total
        if progress.failed:
            line.set_postfix_str(f"{progress.failed} failed", refresh=False)
        line.update(progress.done - line.n)
        if progress.done == progress.total:
            line.close()

    return on_progress


class _Cell:
    """A file for tqdm, whose last line is displayed as an output of a notebook's cell.

    The output stream is not used, because a notebook that is executed by a program keeps each
    state of the bar in it, on a line of its own.
    """

    encoding = "utf-8"

    def __init__(self) -> None:
        from IPython import display

        # IPython has no type annotations.
        handle = cast("Any", display).DisplayHandle()
        handle.display({"text/plain": ""}, raw=True)
        self._show: Callable[..., None] = handle.update

    def write(self, text: str) -> None:
        # tqdm writes a carriage return before each state, and a line feed after the last one.
        if line := text.strip("\r\n"):
            self._show({"text/plain": line.rstrip()}, raw=True)
