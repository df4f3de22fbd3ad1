"""The OpenAPI description, as a list that people can read."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_METHODS: Final = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Parameter:
    """What a route can be given.

    Parameters
    ----------
    name : str
    kind : str
        Its type, in the words of JSON Schema.
    where : str
        ``query``, ``path`` or ``body``.
    required : bool
    default : str
        As JSON has it; empty where there is none.
    about : str
    """

    name: str
    kind: str
    where: str
    required: bool
    default: str
    about: str


@dataclass(frozen=True)
class Described:
    """A route.

    Parameters
    ----------
    method, path : str
    about : str
        Its docstring's first paragraph.
    parameters : tuple of Parameter
    """

    method: str
    path: str
    about: str
    parameters: tuple[Parameter, ...]


def described(openapi: Mapping[str, Any]) -> list[Described]:
    """All routes of an OpenAPI 3.1 description, in its order."""
    schemas = openapi.get("components", {}).get("schemas", {})
    return [
        Described(
            method.upper(),
            path,
            str(route.get("description", route.get("summary", ""))).partition("\n\n")[0],
            (*_parameters(route), *_body(route, schemas)),
        )
        for path, routes in openapi["paths"].items()
        for method, route in routes.items()
        if method in _METHODS
    ]


def _parameters(route: Mapping[str, Any]) -> Iterator[Parameter]:
    for given in route.get("parameters", ()):
        schema = given.get("schema", {})
        yield _parameter(given["name"], given["in"], schema, required=given.get("required", False))


def _body(route: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[Parameter]:
    for content in route.get("requestBody", {}).get("content", {}).values():
        schema = content.get("schema", {})
        schema = schemas.get(_last(schema.get("$ref", "")), schema)
        needed = schema.get("required", ())
        for name, inner in schema.get("properties", {}).items():
            yield _parameter(name, "body", inner, required=name in needed)


def _parameter(name: str, where: str, schema: Mapping[str, Any], *, required: bool) -> Parameter:
    about = str(schema.get("description", ""))
    return Parameter(name, _kind(schema), where, required, _shown(schema.get("default")), about)


def _shown(default: object) -> str:
    """A default as JSON has it, a text without its quotes; empty where there is none."""
    if default is None or default in ("", []):
        return ""
    return default if isinstance(default, str) else json.dumps(default, ensure_ascii=False)


def _kind(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(kind for kind in map(_kind, schema["anyOf"]) if kind != "null")
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    if schema.get("format") == "binary" or "contentMediaType" in schema:
        return "file"
    return str(schema.get("type", _last(schema.get("$ref", "")) or "anything"))


def _last(reference: str) -> str:
    return reference.rpartition("/")[2]
