"""Responses in the formats of OpenAI, for the paths that its clients call."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast
from uuid import uuid4

from pydantic import JsonValue
from starlette.responses import JSONResponse, Response

from root.emulator.events import event_stream
from root.emulator.fields import BooleanField, Fields, InvalidValueError, StringField, Value
from root.emulator.json_fields import ANY_OBJECT, JsonField, ListField
from root.emulator.outputs import Schema

__all__ = [
    "CHAT_FIELDS",
    "COMPLETION_PARAMETERS",
    "RESPONSES_FIELDS",
    "Completion",
    "last_message",
]

_STREAM = BooleanField(nullable=True, description="Whether the response is server-sent events.")

_COMPLETED = "The messages, of which the user's last one is completed."

_MESSAGES = ListField(child=ANY_OBJECT)

_OF_USER: Schema = {
    "type": "object",
    "required": ["role"],
    "properties": {"role": {"const": "user"}},
}


@dataclass(frozen=True, kw_only=True)
class MessagesField(JsonField):
    """A field with messages, one of which at least is of the user.

    Attributes:
        accepts_text: Whether it may be a text instead.
    """

    accepts_text: bool = False

    def clean(self, value: object) -> Value:
        """Return the messages.

        Raises:
            InvalidValueError: The value is invalid.
        """
        if self.accepts_text and isinstance(value, str):
            return value
        messages = _MESSAGES.clean(value)
        if not any(_is_of_user(message) for message in messages):
            raise InvalidValueError("A message of the user is required.")
        return messages

    def request_schema(self) -> dict[str, JsonValue]:
        """Return the JSON Schema of accepted values."""
        messages: dict[str, JsonValue] = {
            **_MESSAGES.request_schema(),
            "contains": dict(_OF_USER),
        }
        return {"anyOf": [{"type": "string"}, messages]} if self.accepts_text else messages


CHAT_FIELDS: Fields = {
    "model": StringField(required=True, description="The LLM, or the judge if the path has none."),
    "messages": MessagesField(required=True, description=_COMPLETED),
    "stream": _STREAM,
}
"""The fields of a chat completion; others are ignored."""

RESPONSES_FIELDS: Fields = {
    "model": StringField(required=True, description="The LLM, or the judge if the path has none."),
    "input": MessagesField(required=True, accepts_text=True, description=_COMPLETED),
    "stream": _STREAM,
}
"""The fields of a response; others are ignored."""

COMPLETION_PARAMETERS: Fields = {
    "async_judge": BooleanField(description="Whether the judge runs later: without its results."),
    "rs_metadata": BooleanField(
        default=True, description="Whether the metadata has the results; by default true."
    ),
}
"""The parameters of the query of all of them."""


def last_message(values: Mapping[str, Value]) -> str:
    """Return the text of the last message of the user.

    Args:
        values: The validated body.
    """
    messages = values["messages"] if "messages" in values else values["input"]
    if isinstance(messages, str):
        return messages
    found = [one for one in cast("list[dict[str, object]]", messages) if _is_of_user(one)]
    return _text(found[-1].get("content"))


def _is_of_user(message: object) -> bool:
    return isinstance(message, dict) and cast("dict[str, object]", message).get("role") == "user"


def _text(content: object) -> str:
    if not isinstance(content, list):
        return "" if content is None else str(content)
    parts = cast("list[object]", content)
    return "".join(
        str(cast("dict[str, object]", part).get("text", ""))
        for part in parts
        if isinstance(part, dict)
    )


@dataclass(frozen=True, slots=True)
class Completion:
    """The completion of a request.

    Attributes:
        model: The model that it shows.
        prompt: The last message of the user.
        text: The completion.
        results: The results of the judge, or None to omit them.
    """

    model: str
    prompt: str
    text: str
    results: list[dict[str, Value]] | None

    def chat(self, *, stream: bool) -> Response:
        """Return the response of a chat completion."""
        id_, created = f"chatcmpl-{uuid4().hex}", int(time.time())
        common = {"id": id_, "created": created, "model": self.model}
        if stream:
            deltas: list[dict[str, object]] = [{"role": "assistant", "content": ""}]
            deltas.extend({"content": part} for part in self._parts)
            chunks = [
                {
                    **common,
                    "object": "chat.completion.chunk",
                    "choices": [{"index": 0, "delta": delta, "finish_reason": None}],
                }
                for delta in deltas
            ]
            last: dict[str, object] = {"index": 0, "delta": {}, "finish_reason": "stop"}
            end: dict[str, object] = {
                **common,
                "object": "chat.completion.chunk",
                "choices": [last],
                **self._metadata,
            }
            return event_stream([*chunks, end], end="[DONE]")
        sent, received = self._counts
        return JSONResponse(
            {
                **common,
                "object": "chat.completion",
                "choices": [
                    {
                        "index": 0,
                        "message": {"role": "assistant", "content": self.text, "refusal": None},
                        "logprobs": None,
                        "finish_reason": "stop",
                    }
                ],
                "usage": {
                    "prompt_tokens": sent,
                    "completion_tokens": received,
                    "total_tokens": sent + received,
                },
                **self._metadata,
            }
        )

    def response(self, *, stream: bool) -> Response:
        """Return the response of OpenAI's Responses API."""
        item_id, nothing = f"msg_{uuid4().hex}", list[object]()
        item: dict[str, object] = {
            "id": item_id,
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": [{"type": "output_text", "text": self.text, "annotations": nothing}],
        }
        sent, received = self._counts
        body: dict[str, object] = {
            "id": f"resp_{uuid4().hex}",
            "object": "response",
            "created_at": int(time.time()),
            "status": "completed",
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "model": self.model,
            "output": [item],
            "parallel_tool_calls": True,
            "temperature": 1.0,
            "tool_choice": "auto",
            "tools": [],
            "top_p": 1.0,
            "usage": {
                "input_tokens": sent,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": received,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": sent + received,
            },
            "metadata": {},
            **self._metadata,
        }
        if not stream:
            return JSONResponse(body)
        started: dict[str, object] = {**body, "status": "in_progress", "output": [], "usage": None}
        place: dict[str, object] = {"item_id": item_id, "output_index": 0, "content_index": 0}
        events: list[dict[str, object]] = [
            {"type": "response.created", "response": started},
            *(
                {"type": "response.output_text.delta", **place, "delta": part, "logprobs": []}
                for part in self._parts
            ),
            {"type": "response.output_text.done", **place, "text": self.text, "logprobs": []},
            {"type": "response.completed", "response": body},
        ]
        numbered = [{**event, "sequence_number": number} for number, event in enumerate(events)]
        return event_stream(numbered)

    @property
    def _parts(self) -> list[str]:
        return self.text.replace(" ", " \0").split("\0")

    @property
    def _counts(self) -> tuple[int, int]:
        return len(self.prompt.split()), len(self.text.split())

    @property
    def _metadata(self) -> dict[str, object]:
        if self.results is None:
            return {}
        # OpenAI's metadata has texts only.
        return {"metadata": {"evaluator_results": json.dumps(self.results)}}
