"""A Celery worker that evaluates answers.

Run it in this folder: `celery --app celery_app worker` starts the worker, and
`python celery_app.py` sends it an answer. Messages are files in a folder, unless
`CELERY_BROKER_URL` and `CELERY_RESULT_BACKEND` name services such as `redis://localhost`.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from celery import Celery, Task

from root import APIConnectionError, RateLimitError, RootSignals, ServerError

folder = Path(os.environ.get("CELERY_FOLDER", Path(__file__).with_name("celery-messages")))
folder.mkdir(exist_ok=True)

app = Celery(
    "celery_app",
    broker=os.environ.get("CELERY_BROKER_URL", "filesystem://"),
    backend=os.environ.get("CELERY_RESULT_BACKEND", folder.as_uri()),
)
if app.conf.broker_url == "filesystem://":
    app.conf.broker_transport_options = dict.fromkeys(
        ("data_folder_in", "data_folder_out", "control_folder"), str(folder)
    )


@cache
def client() -> RootSignals:
    """Return the client of this process, which the first task creates.

    A prefork worker may fork before that or later: each process opens connections of its own.
    """
    return RootSignals(deadline=300)


@app.task(bind=True, max_retries=5)
def relevance(task: Task[..., float], request: str, response: str) -> float:
    """Evaluate how relevant an answer is, and try again later only if that cannot pay twice."""
    try:
        result = client().evaluators.Relevance(request=request, response=response)
    except (APIConnectionError, RateLimitError, ServerError) as error:
        if error.may_have_been_processed:
            raise
        wait = None if isinstance(error, APIConnectionError) else error.retry_after
        raise task.retry(exc=error, countdown=wait or 60) from error
    return result.require_score()


def main() -> None:
    """Send an answer to the worker, and wait for its score."""
    done = relevance.delay("Can I return it?", "You can return it within 30 days.")
    print("score:", done.get(timeout=600))


if __name__ == "__main__":
    main()
