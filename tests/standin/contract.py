"""Spotify's OpenAPI document as a judge of requests and answers.

Every request is judged (path, method, query, content type, body). Of the answers to an operation, by status, the first
50 are judged and each 20th after: an answer of 50 tracks takes some milliseconds.
"""

import os
import re
import threading
from collections import Counter
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft202012Validator, FormatChecker

from tests.standin.bodies import Dialect
from tests.standin.contract_schemas import SchemaBuilder
from tests.standin.deviations import NULL_IN_LISTS, SEARCH_LIMIT, or_null
from tests.standin.exchange import Reply, Request

ALWAYS: Final = 50
EACH: Final = 20
_FILE: Final = "spotify-web-api.openapi.yml"
_PREFIX: Final = "/v1"
_METHODS: Final = ("get", "post", "put", "delete")
_UNLISTED: Final = (400, 404, 405, 500, 502, 503)
_INTEGER: Final = re.compile(r"-?\d+")
_DATE_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_FORMATS: Final = FormatChecker(formats=())


@_FORMATS.checks("date-time")
def _is_date_time(value: object) -> bool:
    return not isinstance(value, str) or _DATE_TIME.fullmatch(value) is not None


class Operation:
    """One operation of the document, with validators that are made when they are first needed."""

    def __init__(self, method: str, template: str, node: dict[str, Any], builder: SchemaBuilder) -> None:
        self.method = method
        self.template = template
        self.name = f"{method} {template}"
        self.pattern = re.compile(re.sub(r"\{\w+\}", "([^/]+)", template))
        self.parameters = [builder.resolve(one) for one in node.get("parameters", ())]
        self._node = node
        self._builder = builder
        self._answers: dict[int, Draft202012Validator | None] = {}

    @cached_property
    def body(self) -> Draft202012Validator | None:
        """Judge of its requests' bodies; None where it takes none (or a picture)."""
        schema = _schema_of(self._builder.resolve(self._node.get("requestBody", {})))
        return None if schema is None else Draft202012Validator(self._builder.build(schema, closed=False))

    def answer(self, status: int) -> Draft202012Validator | None:
        """Judge of the answers of a status; None where they have no body. KeyError for a status that is not listed."""
        if status not in self._answers:
            self._answers[status] = self._make(status)
        return self._answers[status]

    def _make(self, status: int) -> Draft202012Validator | None:
        responses = self._node["responses"]
        listed = status in _UNLISTED or str(status) in responses
        if not listed:
            raise KeyError(status)
        if status >= 400:
            listed_error = self._builder.resolve({"$ref": "#/components/responses/Forbidden"})
            error = self._builder.build(_schema_of(listed_error) or {}, closed=True)
            if (self.name, status) == ("GET /audio-features", 403):
                error["properties"]["error"]["required"] = ["status"]
            return Draft202012Validator(error)
        schema = _schema_of(self._builder.resolve(responses[str(status)]))
        if schema is None:
            return None
        built = self._builder.build(schema, closed=True)
        listed_in = NULL_IN_LISTS.get((self.method, self.template))
        if listed_in is not None:
            held = built["properties"][listed_in]
            held["items"] = or_null(held["items"])
        return Draft202012Validator(built, format_checker=_FORMATS)


class Contract:
    """All operations of the document, for one dialect.

    Parameters
    ----------
    document : dict
        The OpenAPI document.
    dialect : {"2026", "legacy"}
    """

    def __init__(self, document: dict[str, Any], dialect: Dialect) -> None:
        builder = SchemaBuilder(document["components"], dialect)
        self._search_limit = SEARCH_LIMIT[dialect]
        self.operations = [
            Operation(method.upper(), template, node[method], builder)
            for template, node in document["paths"].items()
            for method in _METHODS
            if method in node
        ]
        # Templates without a placeholder go first: /playlists/{id} must not take /me/playlists' place.
        self.operations.sort(key=lambda operation: operation.template.count("{"))
        self._seen: Counter[tuple[str, int]] = Counter()
        self._guard = threading.Lock()

    def fresh(self) -> "Contract":
        """The same contract that has seen no answers yet, sharing its validators."""
        twin = object.__new__(Contract)
        twin.__dict__ |= self.__dict__ | {"_seen": Counter(), "_guard": threading.Lock()}
        return twin

    def operation(self, method: str, path: str) -> Operation | None:
        """The operation of a path, with or without the version's prefix and a slash at its end."""
        plain = path.removeprefix(_PREFIX).rstrip("/")
        for operation in self.operations:
            if operation.method == method and operation.pattern.fullmatch(plain):
                return operation
        return None

    def check(self, request: Request, reply: Reply) -> list[str]:
        """What of a request and of its answer the contract does not allow.

        Returns
        -------
        list of str
            One line each; empty where all is well. Values of headers never appear in it.
        """
        operation = self.operation(request.method, request.path)
        if operation is None:
            return [f"{request.method} {request.path}: the contract has no such operation"]
        found = [f"request {operation.name}: {fault}" for fault in self._request_faults(operation, request)]
        if self._is_due(operation, reply.status):
            found += [f"answer {operation.name} {reply.status}: {fault}" for fault in _answer_faults(operation, reply)]
        return found

    def _is_due(self, operation: Operation, status: int) -> bool:
        with self._guard:
            self._seen[operation.name, status] += 1
            seen = self._seen[operation.name, status]
        return seen <= ALWAYS or seen % EACH == 0

    def _request_faults(self, operation: Operation, request: Request) -> list[str]:
        faults = []
        values = operation.pattern.fullmatch(request.path.removeprefix(_PREFIX).rstrip("/"))
        in_path = dict(
            zip(re.findall(r"\{(\w+)\}", operation.template), values.groups() if values else (), strict=False)
        )
        declared = {one["name"]: one for one in operation.parameters}
        given = request.query
        faults += [f"query parameter {name!r} is not declared" for name in given if name not in declared]
        for name, parameter in declared.items():
            value = (in_path if parameter["in"] == "path" else given).get(name)
            if value is not None:
                faults += self._value_faults(operation, name, value, parameter["schema"])
            elif parameter.get("required"):
                faults.append(f"{parameter['in']} parameter {name!r} is missing")
        return faults + _body_faults(operation, request)

    def _value_faults(self, operation: Operation, name: str, value: str, schema: dict[str, Any]) -> list[str]:
        if schema.get("type") == "integer":
            most = self._search_limit if (operation.name, name) == ("GET /search", "limit") else schema.get("maximum")
            if not _INTEGER.fullmatch(value):
                return [f"{name}={value!r} is not a whole number"]
            low = schema.get("minimum")
            if (low is not None and int(value) < low) or (most is not None and int(value) > most):
                return [f"{name}={value} is not between {low} and {most}"]
        choices = schema.get("items", schema).get("enum")
        parts = value.split(",") if schema.get("type") == "array" else [value]
        if choices and not set(parts) <= set(choices):
            return [f"{name}={value!r} is none of {', '.join(choices)}"]
        return []


def _body_faults(operation: Operation, request: Request) -> list[str]:
    if not request.body:
        return []
    if operation.body is None:
        return ["it has a body, and the operation takes none"]
    if not request.headers.get("content-type", "").startswith("application/json"):
        return ["its body is not declared as application/json"]
    try:
        return _faults(operation.body, request.json())
    except ValueError:
        return ["its body is not JSON"]


def _answer_faults(operation: Operation, reply: Reply) -> list[str]:
    try:
        validator = operation.answer(reply.status)
    except KeyError:
        return ["no such status is listed"]
    if validator is None:
        return ["it has a body"] if reply.encoded() else []
    return _faults(validator, reply.body)


def _faults(validator: Draft202012Validator, value: Any) -> list[str]:
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(value)]


def _schema_of(node: dict[str, Any]) -> dict[str, Any] | None:
    schema: dict[str, Any] | None = node.get("content", {}).get("application/json", {}).get("schema")
    return schema


def contract_path() -> Path:
    """Where the document should be: beside the real tables."""
    tables = Path(os.environ.get("EARMARK_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
    return tables.parent / "spec" / _FILE


def find_contract(dialect: Dialect) -> Contract | None:
    """The contract, or None where the document is not there."""
    path = contract_path()
    return _load(path, dialect).fresh() if path.is_file() else None


@cache
def _load(path: Path, dialect: Dialect) -> Contract:
    return Contract(document(path), dialect)


@cache
def document(path: Path) -> dict[str, Any]:
    """The OpenAPI document; not to be changed."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is ten times as quick
    loaded: dict[str, Any] = yaml.load(path.read_text(), Loader=loader)  # noqa: S506  # both are safe loaders
    return loaded
