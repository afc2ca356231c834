"""Times a filtered page of the emulator's database, and one without a filter.

`python -m benchmarks.emulator_filter ROWS` prints two lists of CPU seconds.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import closing

from root.emulator.cursors import Ordering
from root.emulator.fields import StringField
from root.emulator.keys import Account
from root.emulator.store import Store
from root.emulator.table_spec import TableSpec

SPEC = TableSpec("notes", {"place": StringField()}, filtered_by=("place",))


def main(rows: int) -> None:
    """Fill a table, of which a filter selects one row in 500, and read its pages."""
    account = Account("main", "main@example.com", "Main")
    seconds: tuple[list[float], list[float]] = ([], [])
    with closing(Store(None, [SPEC])) as store:
        table = store.tables[SPEC.name]
        with store.transaction():
            for number in range(rows):
                table.insert(account, {"place": "usual" if number % 500 else "rare"})
        for _ in range(21):
            for filters, times in zip(({"place": "rare"}, {}), seconds, strict=True):
                cpu = time.process_time()
                table.fetch_page("main", Ordering(), None, filters=filters, limit=100)
                times.append(time.process_time() - cpu)
    print(json.dumps(seconds))


if __name__ == "__main__":
    main(int(sys.argv[1]))
