"""An emulator that can be started and stopped, in a thread of this process."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from types import TracebackType

from root.emulator.assembly import start_server
from root.emulator.cursors import NextStyle
from root.emulator.fault_queue import FaultQueue
from root.emulator.faults import Fault, read_faults
from root.emulator.generations import Generation
from root.emulator.keys import validate_key
from root.emulator.resources.catalogue import load_catalogue
from root.emulator.running import Server
from root.emulator.settings import Settings, check_settings

__all__ = ["Emulator", "serve"]


class Emulator:
    """An emulator that runs from `start` to `stop`, or in a `with` block.

    It also stops at the end of the process. If neither it nor its server is referenced any more, it
    stops with a `ResourceWarning`.
    """

    def __init__(self, settings: Settings) -> None:
        """Create an emulator that does not run yet; `serve()` does this."""
        self._settings = settings
        self._server: Server | None = None
        self._lock = threading.Lock()

    def start(self) -> Server:
        """Start it and return its server; if it is running, return the server that it has.

        After `stop`, it starts again, with the same keys. What was stored in memory is gone, and
        the port is another one unless it was given.

        Raises:
            ValueError: The file is not a database, or that of another program or version.
            OSError: The emulator cannot listen on the address, for instance because the port is in
                use.
            sqlite3.Error: The database cannot be opened.
        """
        with self._lock:
            if self._server is None or not self._server.is_running:
                self._server = start_server(self._settings)
            return self._server

    def stop(self) -> None:
        """Stop it and wait for its end; if it does not run, do nothing."""
        with self._lock:
            if self._server is not None:
                self._server.stop()

    def __enter__(self) -> Server:
        """Start it."""
        return self.start()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop it."""
        self.stop()

    def __repr__(self) -> str:
        """Return the URL without the keys."""
        server = self._server
        state = server.url if server is not None and server.is_running else "not running"
        return f"<root.emulator.Emulator {state}>"


def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    db: str | os.PathLike[str] | None = None,
    api_key: str | None = None,
    next_style: NextStyle = "absolute",
    generation: Generation = "B",
    page_size_cap: int = 100,
    catalogue: str | os.PathLike[str] | None = None,
    seed: int | None = None,
    faults: str | os.PathLike[str] | Iterable[Fault] = (),
    control_key: str | None = None,
    allow_remote: bool = False,
) -> Emulator:
    """Return an emulator that runs in a thread: in a `with` block, or from `start()` to `stop()`.

    Args:
        host: The address to listen on.
        port: The port; 0 selects a free one.
        db: A file to store resources in; by default they are kept in memory. Added keys, faults,
            set scores and requests are always kept in memory.
        api_key: The API key of the organization `main`; a random one if omitted. Add other keys
            with `Server.add_key`.
        next_style: The format of `next` in a page: an absolute URL, a URL without host, or a bare
            cursor.
        generation: The generation of the service: `B`, the present one, with the fields beside it
            that older clients require; `A`, an older one, or `C`, a newer one, which have other
            fields and endpoints.
        page_size_cap: The maximum page size, and the default one.
        catalogue: A JSON file with the public models: `models` with context windows by name, and
            `providers` with names by the prefix of model names. By default the catalogue included
            in the package.
        seed: The seed of random numbers, for faults with a probability and for new IDs.
        faults: Faults that are active from the start and after each `Server.wipe`, or a JSON file
            with a list of them.
        control_key: The key of the control API; a random one if omitted.
        allow_remote: Whether `host` may be an address that other machines can connect to. It then
            accepts requests for every host name; otherwise only for `localhost`, IP addresses, and
            the given `host`.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: An argument is invalid.
        OSError: A file cannot be read.
    """
    check_settings(
        host=host,
        port=port,
        db=db,
        next_style=next_style,
        generation=generation,
        page_size_cap=page_size_cap,
        catalogue=catalogue,
        seed=seed,
        faults=faults,
        allow_remote=allow_remote,
    )
    api_key, control_key = validate_key(api_key), validate_key(control_key)
    if api_key == control_key:
        raise ValueError(
            "control_key and api_key are the same. Choose different keys, so that a client's key"
            " cannot control the emulator."
        )
    # An iterator is read once, since the emulator may be started several times.
    active = tuple(read_faults(faults) if isinstance(faults, str | os.PathLike) else faults)
    # Raises an error if one of them is something else.
    FaultQueue(seed, active)
    settings = Settings(
        host=host,
        port=port,
        db=db,
        api_key=api_key,
        next_style=next_style,
        generation=generation,
        page_size_cap=page_size_cap,
        public_models=load_catalogue(catalogue),
        seed=seed,
        faults=active,
        control_key=control_key,
        allow_remote=allow_remote,
    )
    return Emulator(settings)
