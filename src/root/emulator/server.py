"""The emulator in a thread of this process."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Generator, Iterable
from contextlib import closing, contextmanager

from starlette.responses import Response

from root.emulator.application import Application
from root.emulator.clock import monotonic
from root.emulator.control import Control
from root.emulator.control_api import PREFIX, ControlApplication
from root.emulator.cursors import NextStyle
from root.emulator.dashboard import Dashboard
from root.emulator.endpoint import Service, endpoints
from root.emulator.fault_queue import FaultQueue
from root.emulator.faults import Fault, read_faults
from root.emulator.generations import Generation
from root.emulator.guard import Guard
from root.emulator.history import Connections, History
from root.emulator.keys import KeyRegistry, validate_key
from root.emulator.listener import Listener
from root.emulator.openapi import OPENAPI_PATH, openapi_route
from root.emulator.pagination import Paginator
from root.emulator.resources import declared
from root.emulator.resources.catalogue import load_catalogue
from root.emulator.running import Server
from root.emulator.scoring import FixedScores
from root.emulator.settings import check_settings
from root.emulator.store import Store

# Shutdown takes a tenth of a second, and a little over one if a request cannot be cancelled.
_STOP_SECONDS = 10.0


@contextmanager
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
) -> Generator[Server, None, None]:
    """Run the emulator in a thread until the end of the `with` block.

    Args:
        host: The address to listen on.
        port: The port; 0 selects a free one.
        db: A file to store resources in; by default they are kept in memory.
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
        ValueError: An argument is invalid, or the database belongs to another program or version.
        OSError: The emulator cannot listen on the address, for instance because the port is in use.
        sqlite3.Error: The database cannot be opened.
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
    public_models = load_catalogue(catalogue)
    keys = KeyRegistry(monotonic)
    keys.add(api_key, organization="main", email="main@emulator.invalid")
    if isinstance(faults, str | os.PathLike):
        faults = read_faults(faults)
    queue = FaultQueue(seed, faults)
    fixed_scores = FixedScores()
    resources = declared(public_models, fixed_scores, generation)
    with closing(Store(db, (spec for one in resources for spec in one.specs), seed)) as store:
        for resource in resources:
            resource.provide(store)
        secret_fields = {name for one in resources for name in one.secret_fields}
        history = History(lambda: (*keys.all(), control_key), secret_fields)
        connections = Connections()
        control = Control(store, keys, queue, history, connections, fixed_scores, api_key)
        service = Service(store, keys, Paginator(next_style, page_size_cap), generation)
        application = Application(
            {path: one for each in resources for path, one in endpoints(each, service).items()},
            queue,
            history,
            keys,
            {
                "/": Dashboard(),
                # Browsers request it automatically, so it does not come from the code under test.
                "/favicon.ico": Response(status_code=404),
                OPENAPI_PATH: openapi_route(resources, page_size_cap, generation),
                PREFIX: ControlApplication(control, resources, control_key),
            },
        )
        guard = Guard(
            application,
            None if allow_remote else host,
            ("/", "/favicon.ico", OPENAPI_PATH),
        )
        listener = Listener(guard, connections, host, port)
        # A daemon thread, so that the process exits even if the main thread ends within the block.
        thread = threading.Thread(target=listener.run_in_thread, name="root-emulator", daemon=True)
        thread.start()
        try:
            yield Server(listener, api_key, control, resources, control_key)
        finally:
            listener.should_exit = True
            thread.join(_STOP_SECONDS)
            if thread.is_alive():
                warnings.warn(
                    "The emulator did not stop in time, since code in its thread is blocked. The"
                    " thread ends with the process.",
                    RuntimeWarning,
                    stacklevel=3,
                )
