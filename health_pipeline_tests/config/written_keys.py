"""Every key that a model may hold, with its default, read from the written shapes."""

from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from health_pipeline.adapters.channels.params import ChannelParams
from health_pipeline.config.shapes import SHAPES, WrittenSignal
from health_pipeline.core.alerts.routes import Match, Route


def keys_of(file: str) -> dict[str, str]:
    """`path` → default of every key of a file; `NAME` stands for names that people choose."""
    if file == "signals":
        rows = dict(_keys(WrittenSignal, "NAME."))
        return {key: "the kind's" if value == "none" else value for key, value in rows.items()}
    rows = dict(_keys(SHAPES[file], ""))
    if file == "delivery":
        rows.pop("channels")
        rows |= {f"channels.NAME.{key}": value for key, value in _keys(ChannelParams, "")}
        rows["channels.NAME.per_second"] = "the kind's"
    return rows


def default_of(field) -> str:
    value = field.default
    if value is PydanticUndefined:
        return "required"
    return f"`{shown}`" if (shown := _shown(value)) else "none"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple) and value:
        return f"[{', '.join(_shown(one) for one in value)}]"
    return str(value) if value or value == 0 else ""


def _keys(
    shape: type[BaseModel], prefix: str, above: tuple[type[BaseModel], ...] = ()
) -> Iterator[tuple[str, str]]:
    for name, field in shape.model_fields.items():
        path = f"{prefix}{field.alias or name}"
        inner, suffix = _block(field.annotation)
        again = inner is Match and shape is not Route  # routes say once what matchers are
        if inner is None or again or inner in (*above, shape):  # and once what branches are
            yield path, default_of(field)
        else:
            yield from _keys(inner, f"{path}{suffix}.", (*above, shape))


def _block(annotation: Any) -> tuple[type[BaseModel] | None, str]:
    """The shape inside an annotation, and how a path goes to it; None for plain values."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _block(args[0])
    if origin in (Union, UnionType):
        plain = [one for one in args if one is not NoneType]
        return _block(plain[0]) if len(plain) == 1 else (None, "")
    if origin is tuple:
        inner, suffix = _block(args[0])
        return inner, f"[]{suffix}"
    if origin is dict:
        inner, suffix = _block(args[1])
        return inner, f".NAME{suffix}"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, ""
    return None, ""
