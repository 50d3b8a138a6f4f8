"""Checks a value against the part of JSON Schema that the service's document uses."""

import re
from collections.abc import Iterator
from typing import Any

KINDS: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "boolean": (bool,),
    "integer": (int,), "number": (int, float), "null": (type(None),),
}  # fmt: skip

KNOWN = {
    "$ref", "type", "title", "description", "properties", "required", "items", "enum", "anyOf",
    "additionalProperties", "default", "format", "pattern", "minLength", "maxLength", "minItems",
    "maxItems", "minimum", "maximum",
}  # fmt: skip


class Checker:
    """Finds what is wrong with values.

    Parameters
    ----------
    document : dict
        OpenAPI document; ``$ref`` points into it.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    def resolve(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Schema itself, wherever it stands."""
        while "$ref" in schema:
            place: Any = self.document
            for part in schema["$ref"].removeprefix("#/").split("/"):
                place = place[part]
            schema = place
        return schema

    def faults(self, schema: dict[str, Any], value: Any, path: str = "$") -> Iterator[str]:
        """Everything about ``value`` that ``schema`` does not allow."""
        schema = self.resolve(schema)
        unknown = schema.keys() - KNOWN
        if unknown:
            yield f"{path}: the checker does not know {unknown}"
        if "anyOf" in schema:
            found = [list(self.faults(one, value, path)) for one in schema["anyOf"]]
            if all(found):
                yield f"{path}: none of {found}"
        kind = schema.get("type")
        if kind is not None:
            right = isinstance(value, KINDS[kind])
            if not right or (isinstance(value, bool) and kind != "boolean"):
                yield f"{path}: {value!r} is no {kind}"
                return
        if "enum" in schema and value not in schema["enum"]:
            yield f"{path}: {value!r} is none of {schema['enum']}"
        yield from self._within(schema, value, path)
        if isinstance(value, dict):
            yield from self._members(schema, value, path)
        if isinstance(value, list) and isinstance(schema.get("items"), dict):
            for index, one in enumerate(value):
                yield from self.faults(schema["items"], one, f"{path}[{index}]")

    def _members(self, schema: dict[str, Any], value: Any, path: str) -> Iterator[str]:
        known = schema.get("properties", {})
        for name in schema.get("required", []):
            if name not in value:
                yield f"{path}.{name}: missing"
        others = schema.get("additionalProperties", True)
        for name, one in value.items():
            if name in known:
                yield from self.faults(known[name], one, f"{path}.{name}")
            elif others is False:
                yield f"{path}.{name}: not allowed"
            elif isinstance(others, dict):
                yield from self.faults(others, one, f"{path}.{name}")

    def _within(self, schema: dict[str, Any], value: Any, path: str) -> Iterator[str]:
        if isinstance(value, str):
            if "pattern" in schema and not re.search(schema["pattern"], value):
                yield f"{path}: {value!r} does not match {schema['pattern']}"
            size, least, most = len(value), "minLength", "maxLength"
        elif isinstance(value, list):
            size, least, most = len(value), "minItems", "maxItems"
        elif isinstance(value, int | float):
            size, least, most = value, "minimum", "maximum"
        else:
            return
        if size < schema.get(least, size) or size > schema.get(most, size):
            yield f"{path}: {value!r} is out of bounds"
