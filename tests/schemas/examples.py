"""Examples of responses of the service."""

from __future__ import annotations

import json
from typing import Any

from root._schemas.meta import ResponseMeta
from root.errors import Attempt
from root.models import Model

SECRET = "sk-0123456789abcdef"

# As `create`, `retrieve` and `update` return a model.
DETAILS: dict[str, Any] = {
    "id": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
    "name": "ollama/llama3",
    "model": "ollama/llama3",
    "max_output_token_count": 800,
    "max_token_count": None,
    "url": "http://gpu-7:11434",
}

# As `list` returns it.
LISTED: dict[str, Any] = {
    "id": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
    "name": "gpt-4o",
    "owner": {"email": "ada@example.org", "full_name": "Ada Lovelace"},
    "provider": {
        "id": "p-1",
        "name": "OpenAI",
        "logo_light": "https://cdn.example/light.svg",
        "is_gdpr_compliant": True,
    },
    "visibility": "PUBLIC",
}

META = ResponseMeta(200, (Attempt(200),), 0.25, [(b"X-Request-Id", b"req-1")])


def parse_model(**fields: object) -> Model:
    """Return the model that a response with these fields has."""
    return Model.model_validate_json(json.dumps(fields))
