"""The parts of an emulator, put together and started in a thread."""

from __future__ import annotations

import atexit
import threading
import warnings
import weakref
from collections.abc import Iterable
from contextlib import ExitStack, closing

from starlette.responses import Response

from root.emulator.application import Application
from root.emulator.clock import monotonic
from root.emulator.control import Control
from root.emulator.control_api import PREFIX, ControlApplication
from root.emulator.dashboard import Dashboard
from root.emulator.endpoint import Service, endpoints
from root.emulator.fault_queue import FaultQueue
from root.emulator.guard import Guard
from root.emulator.history import Connections, History
from root.emulator.keys import KeyRegistry
from root.emulator.listener import Listener
from root.emulator.openapi import OPENAPI_PATH, openapi_route
from root.emulator.pagination import Paginator
from root.emulator.resource import AnyResource
from root.emulator.resources import declared
from root.emulator.running import Server
from root.emulator.scoring import FixedScores
from root.emulator.settings import Settings
from root.emulator.store import Store, named

__all__ = ["start_server"]


def start_server(settings: Settings) -> Server:
    """Start an emulator; it stops at the end of the process, or if its server is dropped.

    Raises:
        ValueError: The file is not a database, or that of another program or version.
        OSError: It cannot listen on the address.
        sqlite3.Error: The database cannot be opened.
    """
    fixed_scores = FixedScores()
    resources = declared(settings.public_models, fixed_scores, settings.generation)
    with ExitStack() as stack:
        specs = (spec for one in resources for spec in one.specs)
        with named(settings.db):
            store = stack.enter_context(closing(Store(settings.db, specs, settings.seed)))
            for resource in resources:
                resource.provide(store)
        keys = KeyRegistry(monotonic)
        keys.add(settings.api_key, organization="main", email="main@emulator.invalid")
        secret_fields = {name for one in resources for name in one.secret_fields}
        history = History(lambda: (*keys.all(), settings.control_key), secret_fields)
        queue = FaultQueue(settings.seed, settings.faults)
        connections = Connections()
        control = Control(store, keys, queue, history, connections, fixed_scores, settings.api_key)
        application = _application(settings, resources, control, store, keys, queue, history)
        listener = Listener(application, connections, settings.host, settings.port)
        # A daemon thread, so that the process exits even if nothing stops the emulator.
        thread = threading.Thread(
            target=_run_and_close, args=(listener, store), name="root-emulator", daemon=True
        )
        thread.start()
        stack.pop_all()
    try:
        server = Server(
            listener, thread, settings.api_key, control, resources, settings.control_key
        )
    except BaseException:
        listener.should_exit = True
        thread.join()
        raise
    _stop_eventually(server, listener)
    return server


def _application(
    settings: Settings,
    resources: Iterable[AnyResource],
    control: Control,
    store: Store,
    keys: KeyRegistry,
    queue: FaultQueue,
    history: History,
) -> Guard:
    paginator = Paginator(settings.next_style, settings.page_size_cap)
    service = Service(store, keys, paginator, settings.generation)
    application = Application(
        {path: one for each in resources for path, one in endpoints(each, service).items()},
        queue,
        history,
        keys,
        {
            "/": Dashboard(),
            # Browsers request it automatically, so it does not come from the code under test.
            "/favicon.ico": Response(status_code=404),
            OPENAPI_PATH: openapi_route(resources, settings.page_size_cap, settings.generation),
            PREFIX: ControlApplication(control, resources, settings.control_key),
        },
    )
    return Guard(
        application,
        None if settings.allow_remote else settings.host,
        ("/", "/favicon.ico", OPENAPI_PATH),
    )


def _run_and_close(listener: Listener, store: Store) -> None:
    with closing(store):
        listener.run_in_thread()


_running: weakref.WeakSet[Server] = weakref.WeakSet()


def _stop_eventually(server: Server, listener: Listener) -> None:
    """Stop a server at the end of the process, or if nothing refers to it."""
    _running.add(server)
    dropped = weakref.finalize(server, _stop_dropped, listener, server.url)
    dropped.atexit = False


def _stop_dropped(listener: Listener, url: str) -> None:
    """Stop a server without waiting for its thread, in which this may be called."""
    if not listener.should_exit:
        listener.should_exit = True
        warnings.warn(
            f"The emulator at {url} was not stopped. Call `stop`, or use it in a `with` block.",
            ResourceWarning,
            stacklevel=2,
        )


@atexit.register
def _stop_all() -> None:
    for server in list(_running):
        server.stop()
