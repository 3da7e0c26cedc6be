"""What would be right at a place of a shape, in words, read from the shape's own JSON schema."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from health_pipeline.config.issue import Path

Schema = dict[str, Any]

_PLAIN = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "object": "a block of keys",
    "array": "a list",
}


def allowed_at(shape: type[BaseModel], loc: Path) -> str:
    """Words for what may stand at `loc` of `shape`; empty when the shape has no such place."""
    root = shape.model_json_schema()
    schema = _at(root, root, loc)
    return "" if schema is None else _words(root, schema)


def keys_at(shape: type[BaseModel], loc: Path) -> tuple[str, ...]:
    """The keys of the block at `loc` of `shape`; empty when it is not a block with fixed keys."""
    root = shape.model_json_schema()
    schema = _at(root, root, loc) or {}
    block = _follow(root, schema.get("items", schema))
    return tuple(block.get("properties", {}))


def _at(root: Schema, schema: Schema, loc: Path) -> Schema | None:
    schema = _follow(root, schema)
    if not loc:
        return schema
    if isinstance(loc[0], str) and "items" in schema:  # one block in place of a list of blocks
        return _at(root, schema["items"], loc)
    for option in schema.get("anyOf") or schema.get("oneOf") or [schema]:
        step = _step(_follow(root, option), loc[0])
        found = _at(root, step, loc[1:]) if step is not None else None
        if found is not None:
            return found
    return None


def _step(schema: Schema, part: str | int) -> Schema | None:
    if isinstance(part, int):
        fixed = schema.get("prefixItems", [])
        found = fixed[part] if part < len(fixed) else schema.get("items")
    else:
        found = schema.get("properties", {}).get(part) or schema.get("additionalProperties")
    return found if isinstance(found, dict) else None


def _follow(root: Schema, schema: Schema) -> Schema:
    name = schema.get("$ref", "").rpartition("/")[2]
    return _follow(root, root["$defs"][name]) if name else schema


def _words(root: Schema, schema: Schema) -> str:
    schema = _follow(root, schema)
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        words = [_words(root, option) for option in options if option.get("type") != "null"]
        return " or ".join(dict.fromkeys(words))
    if "enum" in schema or "const" in schema:
        return ", ".join(_value(str(one)) for one in schema.get("enum", [schema.get("const")]))
    if schema.get("format") == "date":
        return "a date such as 2024-01-31"
    if "prefixItems" in schema:
        return f"a list of {len(schema['prefixItems'])} numbers"
    return _PLAIN.get(schema.get("type", ""), "any value") + _range(schema)


def _value(text: str) -> str:
    """A sign alone would not stand out among the commas between the values."""
    return text if any(one.isalnum() for one in text) else f'"{text}"'


def _range(schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}"
    parts = [
        f" {word} {bound:g}"
        for word, bound in (("from", low), ("to", high), ("above", above), ("below", below))
        if bound is not None
    ]
    return " and".join(parts)
