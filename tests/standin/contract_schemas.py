"""Schemas of an OpenAPI 3.0 document as JSON Schema: references inlined, unions told apart, objects closed.

Closed means that an answer may hold nothing that the contract does not know; in the dialect "2026" nothing deprecated
either, unless it is required.
"""

import copy
from typing import Any, Final

from tests.standin.bodies import Dialect
from tests.standin.deviations import DEVIATIONS, NEEDED

_REFERENCE: Final = "#/components/"
_KEPT: Final = ("enum", "minimum", "maximum", "format")


class SchemaBuilder:
    """Builds JSON Schemas from the components of one document.

    Parameters
    ----------
    components : dict
        The document's components; copied, then changed by the deviations.
    dialect : {"2026", "legacy"}
    """

    def __init__(self, components: dict[str, Any], dialect: Dialect) -> None:
        self._components = copy.deepcopy(components)
        self._without_deprecated = dialect == "2026"
        schemas = self._components["schemas"]
        for name, needed in NEEDED.items():
            schemas[name]["required"] = sorted({*schemas[name].get("required", ()), *needed})
        for deviation in DEVIATIONS:
            if deviation.change is not None and dialect in deviation.dialects:
                deviation.change(schemas)

    def resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        """What a reference refers to; other nodes as they are."""
        while "$ref" in node:
            found: Any = self._components
            for part in node["$ref"].removeprefix(_REFERENCE).split("/"):
                found = found[part]
            node = found
        return node

    def build(self, schema: dict[str, Any], *, closed: bool) -> dict[str, Any]:
        """The JSON Schema of one schema of the document.

        Parameters
        ----------
        schema : dict
        closed : bool
            Refuse properties that are not declared, and deprecated ones where the dialect has dropped them.
        """
        schema = self._merged(self.resolve(schema))
        if "if" in schema:
            return {
                "if": schema["if"],
                "then": self.build(schema["then"], closed=closed),
                "else": self.build(schema["else"], closed=closed),
            }
        if "oneOf" in schema:
            return self._told_apart(schema["oneOf"], closed=closed)
        built: dict[str, Any] = {name: schema[name] for name in _KEPT if name in schema}
        if "type" in schema:
            built["type"] = [schema["type"], "null"] if schema.get("nullable") else schema["type"]
        if "items" in schema and schema.get("type") == "array":
            built["items"] = self.build(schema["items"], closed=closed)
        if "properties" in schema:
            self._add_properties(built, schema, closed=closed)
        return built

    def _add_properties(self, built: dict[str, Any], schema: dict[str, Any], *, closed: bool) -> None:
        required = schema.get("required", [])
        properties = {
            name: self.build(one, closed=closed)
            for name, one in schema["properties"].items()
            if not (closed and self._without_deprecated and _is_deprecated(one) and name not in required)
        }
        built |= {"properties": properties, "required": required}
        if closed and not schema.get("additionalProperties"):
            built["additionalProperties"] = False

    def _merged(self, schema: dict[str, Any]) -> dict[str, Any]:
        """One schema in place of ``allOf``: the document uses it to extend objects, never to restrict values."""
        if "allOf" not in schema:
            return schema
        merged: dict[str, Any] = {name: value for name, value in schema.items() if name != "allOf"}
        for part in schema["allOf"]:
            part = self._merged(self.resolve(part))  # noqa: PLW2901
            properties = {**merged.get("properties", {}), **part.get("properties", {})}
            required = sorted({*merged.get("required", ()), *part.get("required", ())})
            nullable = merged.get("nullable", False)
            merged = {**merged, **part, "nullable": nullable}
            if properties:
                merged |= {"properties": properties, "required": required}
        return merged

    def _told_apart(self, kinds: list[dict[str, Any]], *, closed: bool) -> dict[str, Any]:
        """A union by its discriminator ``type``: quick, and its messages speak of the right kind."""
        *others, last = kinds
        built = self.build(last, closed=closed)
        for one in reversed(others):
            name = one["$ref"].rsplit("/", 1)[1].removesuffix("Object").lower()
            is_it = {"properties": {"type": {"enum": [name]}}, "required": ["type"]}
            built = {"if": is_it, "then": self.build(one, closed=closed), "else": built}
        return built


def _is_deprecated(schema: dict[str, Any]) -> bool:
    """Whether a property is; that of one that may also be null stands in its ``else``."""
    return bool(schema.get("deprecated")) or ("else" in schema and _is_deprecated(schema["else"]))
