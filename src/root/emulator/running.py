"""The Python interface of an emulator that runs in a thread of this process."""

from __future__ import annotations

import os
import threading
import warnings
from asyncio import CancelledError, Task
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar, cast

from pydantic import JsonValue

from root.emulator.control import Control
from root.emulator.control_api import PREFIX
from root.emulator.fault_rules import Reset
from root.emulator.faults import Fault
from root.emulator.history import Connections, RecordedRequest, unexpected_requests
from root.emulator.keys import KeyState
from root.emulator.listener import Listener
from root.emulator.resource import AnyResource, Resource
from root.emulator.resources.datasets import StoredDataSet
from root.emulator.resources.evaluators import StoredEvaluator
from root.emulator.resources.execution_logs import StoredExecutionLog
from root.emulator.resources.judges import StoredBatchExecution, StoredJudge
from root.emulator.resources.models import StoredModel
from root.emulator.resources.objectives import StoredObjective
from root.emulator.resources.projects import StoredProject
from root.emulator.rows import Visibility
from root.emulator.scoring import FixedScore

__all__ = ["Server"]


T = TypeVar("T")

# Shutdown takes a tenth of a second, and a little over one if a request cannot be cancelled.
_STOP_SECONDS = 10.0


class Server:
    """A running emulator.

    It can be used from any thread while the emulator runs.
    """

    def __init__(
        self,
        listener: Listener,
        thread: threading.Thread,
        api_key: str,
        control: Control,
        resources: Iterable[AnyResource],
        control_key: str,
    ) -> None:
        """Create the interface; `serve()` does this."""
        self._listener = listener
        self._thread = thread
        self._host, self._port = listener.address.result()
        self._api_key = api_key
        self._control = control
        self._resources = {resource.stored: resource for resource in resources}
        self._control_key = control_key
        self._process = os.getpid()

    @property
    def is_running(self) -> bool:
        """Whether it has not been stopped."""
        return not self._listener.should_exit

    def stop(self) -> None:
        """Stop the emulator and wait for its end; further calls do nothing.

        Requests in progress are cancelled. A forked process does not stop the emulator of its
        parent.
        """
        self._listener.should_exit = True
        self._thread.join(_STOP_SECONDS)
        if self._thread.is_alive():
            warnings.warn(
                "The emulator did not stop in time, since code in its thread is blocked. The"
                " thread ends with the process.",
                RuntimeWarning,
                stacklevel=2,
            )

    @property
    def host(self) -> str:
        """The IP address that it listens on."""
        return self._host

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._port

    @property
    def url(self) -> str:
        """The base URL for clients on this machine, without a final slash."""
        # Clients cannot connect to the wildcard address, so the loopback address is used instead.
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)
        return f"http://[{host}]:{self._port}" if ":" in host else f"http://{host}:{self._port}"

    @property
    def api_key(self) -> str:
        """The API key of the organization `main`."""
        return self._api_key

    @property
    def control_key(self) -> str:
        """The key of the control API, by which other processes control the emulator."""
        return self._control_key

    @property
    def models(self) -> tuple[StoredModel, ...]:
        """The created models in order of creation, without those of the catalogue."""
        return self._list(StoredModel)

    @property
    def projects(self) -> tuple[StoredProject, ...]:
        """The created projects in order of creation, without the initial ones of organizations."""
        return self._list(StoredProject)

    @property
    def datasets(self) -> tuple[StoredDataSet, ...]:
        """The created data sets in order of creation."""
        return self._list(StoredDataSet)

    @property
    def objectives(self) -> tuple[StoredObjective, ...]:
        """The created objectives in order of creation, without those of the service."""
        return self._list(StoredObjective)

    @property
    def evaluators(self) -> tuple[StoredEvaluator, ...]:
        """The created evaluators in order of creation, without those of the service."""
        return self._list(StoredEvaluator)

    @property
    def judges(self) -> tuple[StoredJudge, ...]:
        """The created judges in order of creation."""
        return self._list(StoredJudge)

    @property
    def batch_executions(self) -> tuple[StoredBatchExecution, ...]:
        """The created batches in order of creation."""
        return self._list(StoredBatchExecution)

    @property
    def execution_logs(self) -> tuple[StoredExecutionLog, ...]:
        """The execution logs in the order in which they were written."""
        return self._list(StoredExecutionLog)

    @property
    def requests(self) -> tuple[RecordedRequest, ...]:
        """The last 10,000 requests to the API in order of arrival, up to 64 MiB of them."""
        return self._call(lambda: self._control.history.after(0))()

    @property
    def connections(self) -> Connections:
        """Statistics of the connections with requests to the API."""
        return self._call(lambda: replace(self._control.connections))

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The active faults in the order in which they are tried."""
        return self._call(lambda: tuple(active.fault for active in self._control.faults.all()))

    def add_key(
        self,
        api_key: str | None = None,
        *,
        organization: str | None = None,
        email: str | None = None,
        full_name: str = "Emulator user",
        state: KeyState = "active",
        rate_limit: str | None = None,
    ) -> str:
        """Add an API key and return it.

        Args:
            api_key: The key; a random one if omitted.
            organization: The organization whose resources the key can read and change; that of
                `Server.api_key` is `main`. If omitted, the key gets its own organization.
            email: The e-mail address shown as the owner of what the key creates.
            full_name: The name shown as the owner.
            state: `active`, `read-only` or `revoked`.
            rate_limit: The maximum rate of requests, such as `10/second`. Periods are `s`, `sec`,
                `second`, `m`, `min`, `minute`, `h`, `hour`, `d` and `day`.

        Raises:
            TypeError: An argument is not a string.
            ValueError: An argument is invalid, or the key exists already.
        """
        return self._call(
            lambda: self._control.keys.add(
                api_key,
                organization=organization,
                email=email,
                full_name=full_name,
                state=state,
                rate_limit=rate_limit,
            )
        )

    def change_key(
        self, api_key: str, *, state: KeyState | None = None, rate_limit: str | None = None
    ) -> None:
        """Change the state or the rate limit of a key.

        Omitted arguments leave a value unchanged, and an empty rate limit removes the limit.

        Raises:
            ValueError: The key is unknown, or an argument is invalid.
        """
        self._call(lambda: self._control.keys.change(api_key, state=state, rate_limit=rate_limit))

    def add_model(
        self,
        *,
        name: str,
        model: str | None = None,
        max_output_token_count: int | None = None,
        max_token_count: int | None = None,
        url: str | None = None,
        visibility: Visibility = "PRIVATE",
        api_key: str | None = None,
    ) -> StoredModel:
        """Store a model without a request.

        Unlike a request, this can create a public model, and a model whose name exists already.

        Args:
            name: The name.
            model: The underlying model; the name if omitted.
            max_output_token_count: Maximum number of tokens in a response.
            max_token_count: Size of the context window in tokens.
            url: The base URL of the model's server.
            visibility: Who can read it: everybody, everybody who knows its ID, or its organization.
            api_key: The key that it belongs to; by default `Server.api_key`.

        Raises:
            ValueError: The API would reject the values, or the key is unknown.
        """
        arguments = {
            "name": name,
            "model": model,
            "max_output_token_count": max_output_token_count,
            "max_token_count": max_token_count,
            "url": url,
        }
        values = {field: value for field, value in arguments.items() if value is not None}
        resource = self._resource(StoredModel)
        return self._await(lambda: self._control.add(resource, values, visibility, api_key))

    def set_score(
        self,
        evaluator: str,
        score: float | None,
        justification: str | None = None,
        *,
        pattern: str | None = None,
    ) -> None:
        """Set the score of an evaluator, in place of the one that it would compute.

        Of several scores that apply to an execution, the newest is used. `wipe` and a
        restart remove them, also with `db`.

        Args:
            evaluator: The name of the evaluator, or its ID. It may be created later.
            score: The score from 0 to 1, or None for executions without a score.
            justification: The justification; a standard sentence if omitted.
            pattern: A regular expression: the score is that of responses in which it is found, or
                of requests if there is no response. If omitted, it is that of all executions.

        Raises:
            TypeError: An argument has the wrong type.
            ValueError: The score is not from 0 to 1, the pattern is invalid, or the name misspells
                that of an evaluator of the service.
        """
        fixed = FixedScore(evaluator, score, justification, pattern)
        self._await(lambda: self._control.set_score(fixed))

    def clear_scores(self) -> None:
        """Remove the scores of `set_score`."""
        self._call(self._control.fixed_scores.clear)

    def fail_next(
        self,
        times: int = 1,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        body: JsonValue = None,
        delay: float = 0.0,
        reset: Reset | None = None,
        truncate: bool = False,
        method: str | None = None,
        path: str | None = None,
    ) -> None:
        """Let the next requests fail; `add_fault` offers more kinds of faults.

        The arguments are those of `Fault`.

        Raises:
            ValueError: The fault is invalid.
        """
        fault = Fault(
            status=status,
            headers=headers or {},
            body=body,
            delay=delay,
            reset=reset,
            truncate=truncate,
            method=method,
            path=path,
            times=times,
        )
        if not set(fault.to_dict()) - {"method", "path", "times"}:
            raise ValueError(
                "The fault has no effect. Give a status, delay, reset, truncate, body or headers."
            )
        self.add_fault(fault)

    def add_fault(self, fault: Fault) -> int:
        """Add a fault, and return the number that `remove_fault` takes.

        Raises:
            TypeError: The argument is not a `Fault`.
        """
        return self._call(lambda: self._control.faults.add(fault))

    def remove_fault(self, number: int) -> None:
        """Remove a fault.

        Raises:
            ValueError: No active fault has this number.
        """
        self._call(lambda: self._control.faults.remove(number))

    def clear_faults(self) -> None:
        """Remove all faults; `wipe` restores those given to `serve`."""
        self._call(self._control.faults.clear)

    def wipe(self) -> None:
        """Restore the initial state: no created resources, no requests, no set scores, one key.

        The faults given to `serve` are restored, and all others removed. Requests that a fault
        delays are cancelled.
        """
        self._await(self._control.wipe)

    def assert_no_unexpected_requests(self, *expected: str) -> None:
        """Fail if the emulator received unexpected requests.

        Args:
            expected: Patterns of methods and paths such as `GET /v1/models/*`. Without patterns,
                requests are unexpected that the API does not support or the key does not permit.

        Raises:
            AssertionError: There are unexpected requests; the message lists them.
        """
        found = unexpected_requests(self.requests, expected)
        if found:
            listing = "\n".join(f"  {request}" for request in found)
            count = "1 request was" if len(found) == 1 else f"{len(found)} requests were"
            raise AssertionError(f"{count} not expected:\n{listing}")

    def _resource(self, stored: type[T]) -> Resource[T]:
        """Return the resource whose objects Python code sees as instances of a class."""
        return cast("Resource[T]", self._resources[stored])

    def _list(self, stored: type[T]) -> tuple[T, ...]:
        resource = self._resource(stored)
        return self._await(lambda: self._control.list_created(resource))

    def _call(self, function: Callable[[], T]) -> T:
        """Call a function in the emulator's thread, between two requests.

        Raises:
            ValueError: The emulator has stopped, or runs in another process.
        """

        async def call() -> T:
            return function()

        return self._await(call)

    def _await(self, function: Callable[[], Coroutine[object, object, T]]) -> T:
        """Run a coroutine in the emulator's event loop, from its start between two requests on.

        Raises:
            ValueError: The emulator has stopped, or runs in another process.
        """
        listener = self._listener
        result: Future[T] = Future()

        async def run() -> None:
            try:
                result.set_result(await function())
            except CancelledError:
                # The emulator is stopping.
                return
            except BaseException as exc:  # noqa: BLE001 - it is raised in the caller's thread.
                result.set_exception(exc)

        def begin() -> None:
            # A task that begins when the loop is ending would never be finished.
            if not listener.should_exit:
                tasks.add(listener.loop.result().create_task(run()))

        # A forked process has no thread of the emulator, and the call would never return.
        if os.getpid() != self._process:
            raise ValueError(
                "The emulator runs in another process. Use the control API instead:"
                f" {self.url}{PREFIX}"
            )
        tasks: set[Task[None]] = set()
        # A loop accepts calls until it is closed, but may not run them.
        with suppress(RuntimeError):
            loop = listener.loop.result()
            # If a connection was closed before this call, the loop notices it in its next
            # iteration, and counts it in the one after. A task begins one iteration later.
            loop.call_soon_threadsafe(lambda: loop.call_soon(begin))
            futures = cast("list[Future[object]]", [result, listener.finished])
            wait(futures, return_when=FIRST_COMPLETED)
        if not result.done():
            raise ValueError(
                "The emulator has stopped: its `with` block has ended, or `stop` was called."
            )
        return result.result()

    def __repr__(self) -> str:
        """Return the URL without the keys."""
        return f"<root.emulator.Server {self.url}>"
