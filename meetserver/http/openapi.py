"""OpenAPI 3.1 of the API's routes: the same types that decode and encode say what they are."""

from collections.abc import Sequence
from typing import Any, get_args

import msgspec

import meetserver
from meetserver import limits
from meetserver.http.errors import PROBLEM_TYPE, Problem
from meetserver.http.registry import SAFE_METHODS, AnyRoute, part_pattern

Document = dict[str, Any]

REFERENCE = "#/components/schemas/{name}"

BYTES: Document = {"*/*": {}}
"""Of whichever type: without a schema, as OpenAPI 3.1 has it for what is not JSON."""
FILE_FORM: Document = {
    "type": "object",
    "properties": {"file": {"type": "string", "format": "binary"}},
    "required": ["file"],
    "additionalProperties": False,
}
_PHRASES = {
    400: "The request cannot be read, or says what cannot be.",
    401: "No credentials, or none that stand.",
    403: "Not for this caller.",
    404: "There is no such thing, or not for this caller.",
    409: "It contradicts what is there already.",
    412: "It was changed meanwhile.",
    413: "The body is too large.",
    410: "The meeting has ended.",
    415: "The body must be of another media type: application/json, where nothing else is said.",
    416: "The range is not inside the file.",
    422: "Understood, and not supported by this server, or not what it says it is.",
    429: "Too much of it; `Retry-After` says when it may go on.",
    460: "What came is not what was sent.",
    503: "Not now; the same call may work later.",
    507: "There is no room for it.",
}

_SCHEMES: Document = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "An access token."},
    "page": {
        "type": "apiKey",
        "in": "cookie",
        "name": "meet",
        "description": "A page's session, `__Host-meet` over https.",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRF-Token",
        "description": "Goes with the page's session on what changes state.",
    },
    "session": {
        "type": "http",
        "scheme": "session",
        "description": "`Authorization: Session <resume token>` of an open session of the room: how a guest reads.",
    },
}


def openapi(routes: Sequence[AnyRoute]) -> Document:
    """The document, ready to be encoded."""
    types = [
        kind for route in routes for kind in (route.body, route.query, *_choices(route.answer)) if kind is not None
    ]
    distinct = list(dict.fromkeys([*types, Problem]))
    schemas, components = msgspec.json.schema_components(distinct, ref_template=REFERENCE)
    by_type = dict(zip(distinct, schemas, strict=True))
    paths: Document = {}
    for route in routes:
        paths.setdefault(route.full_path, {})[route.method.lower()] = _operation(route, by_type, components)
    queries = {by_type[route.query]["$ref"].rpartition("/")[2] for route in routes if route.query is not None}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "meetserver",
            "version": meetserver.__version__,
            "description": "Accounts, meetings, and what happened in their rooms. The rooms themselves: asyncapi.json.",
        },
        "paths": paths,
        "components": {
            "schemas": {name: schema for name, schema in sorted(components.items()) if name not in queries},
            "securitySchemes": _SCHEMES,
        },
    }


def _choices(answer: Any) -> tuple[Any, ...]:
    """The types of an answer that may be one of several."""
    return get_args(answer) or (answer,)


def _operation(route: AnyRoute, by_type: dict[Any, Document], components: Document) -> Document:
    operation: Document = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": [*_path_parameters(route), *_query_parameters(route, by_type, components), *_headers(route)],
        "responses": _responses(route, by_type),
        "security": _security(route),
    }
    if route.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": by_type[route.body]}},
        }
    if route.takes_form:
        operation["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": FILE_FORM}}}
    return operation


def _security(route: AnyRoute) -> list[Document]:
    """Each choice is enough by itself; the empty one is a guest."""
    if route.rule.is_open:
        return []
    page: Document = {"page": []} if route.method in SAFE_METHODS else {"page": [], "csrf": []}
    guest: list[Document] = [{}] if route.takes_guests else []
    room: list[Document] = [{"session": []}] if route.takes_room_token else []
    return [*guest, {"bearer": []}, page, *room]


def _path_parameters(route: AnyRoute) -> list[Document]:
    return [
        {
            "name": part,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": part_pattern(part).pattern},
        }
        for part in route.path_parts
    ]


def _query_parameters(route: AnyRoute, by_type: dict[Any, Document], components: Document) -> list[Document]:
    if route.query is None:
        return []
    schema = components[by_type[route.query]["$ref"].rpartition("/")[2]]
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": property_}
        for name, property_ in schema["properties"].items()
    ]


def _headers(route: AnyRoute) -> list[Document]:
    headers = []
    if route.takes_idempotency_key:
        key = {"type": "string", "pattern": r"^[\x21-\x7e]+$", "maxLength": limits.IDEMPOTENCY_KEY_CHARS}
        headers.append(_header("Idempotency-Key", key, "The same key and body within a day get the first answer."))
    if route.if_match:
        tag = {"type": "string", "pattern": r'^(\*|"[0-9]{1,9}")$'}
        headers.append(_header("If-Match", tag, "The ETag that was seen; refused with 412 when it is no more."))
    return headers


def _header(name: str, schema: Document, description: str) -> Document:
    return {"name": name, "in": "header", "required": False, "schema": schema, "description": description}


def _responses(route: AnyRoute, by_type: dict[Any, Document]) -> Document:
    if route.streams:
        responses: Document = {
            "200": {"description": "All of it.", "content": BYTES},
            "206": {"description": "The range that was asked for.", "content": BYTES},
            "304": {"description": "Whoever asks has it already."},
        }
    elif route.answer is None:
        responses = {str(route.empty_status): {"description": "Done."}}
    else:
        choices = [by_type[choice] for choice in _choices(route.answer)]
        content = {"application/json": {"schema": choices[0] if len(choices) == 1 else {"oneOf": choices}}}
        responses = {str(route.status): {"description": "Done.", "content": content}}
    problem = {PROBLEM_TYPE: {"schema": by_type[Problem]}}
    for status in route.problem_statuses:
        responses[str(status)] = {"description": _PHRASES[status], "content": problem}
    return responses
