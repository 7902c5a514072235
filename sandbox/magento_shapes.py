"""Reading a request body against the shape Magento expects, with Magento's own refusals."""

import json
from typing import Any

from sandbox.magento_errors import MagentoError, required, unsupported, wrong_type
from sandbox.magento_fields import Shape
from sandbox.magento_numbers import decimal, plain


def json_body(data: bytes, content_type: str) -> dict[str, Any]:
    """The JSON object of a request; 400 in Magento's words for anything else."""
    if not data.strip():
        return {}
    kind = content_type.split(";")[0].strip().lower()
    if not kind:
        raise MagentoError(400, "Content-Type header is empty.")
    if kind != "application/json":
        raise MagentoError(400, "Server cannot understand Content-Type HTTP header media type %1", [kind])
    try:
        body = json.loads(data)
    except ValueError:
        raise MagentoError(400, "Decoding error.") from None
    if not isinstance(body, dict):
        raise MagentoError(400, "Decoding error.")
    return body


def argument(body: dict[str, Any], name: str) -> dict[str, Any]:
    """The mandatory object argument of a call, such as `entity`."""
    value = body.get(name)
    if not isinstance(value, dict):
        raise required(name)
    return value


def read(shape: Shape, given: Any, name: str = "") -> dict[str, Any]:
    """The given object with each value as its type; nulls are left out, as Magento leaves them.

    400 for a property that the interface lacks and for a value of a wrong type (2.4.7-p3).
    """
    if not isinstance(given, dict):
        raise wrong_type(name, given, "object")
    return {key: value for key, raw in given.items() if (value := _value(shape, key, raw)) is not None}


def _value(shape: Shape, key: str, raw: Any) -> Any:
    if key in shape.one:
        return None if raw is None else read(shape.one[key], raw, key)
    if key in shape.many:
        return _many(shape.many[key], raw, key)
    if key in shape.free:
        return raw
    if key in shape.numbers:
        return _number(key, raw)
    if key in shape.integers:
        return _integer(key, raw)
    if key in shape.texts:
        return _text(key, raw)
    if key in shape.booleans:
        return None if raw is None else raw in (True, 1, "1", "true")
    raise unsupported(key)


def _many(shape: Shape, raw: Any, name: str) -> list[dict[str, Any]] | None:
    if raw is None:
        return None
    if not isinstance(raw, list):
        raise wrong_type(name, raw, "array")
    return [read(shape, entry, name) for entry in raw]


def _number(name: str, raw: Any) -> int | float | None:
    if raw is None:
        return None
    if isinstance(raw, bool | list | dict):
        raise wrong_type(name, raw, "float")
    try:
        return plain(decimal(raw))
    except ArithmeticError:
        raise wrong_type(name, raw, "float") from None


def _integer(name: str, raw: Any) -> int | None:
    if raw is None:
        return None
    try:
        return int(raw)
    except (TypeError, ValueError):
        raise wrong_type(name, raw, "int") from None


def _text(name: str, raw: Any) -> str | None:
    if raw is None:
        return None
    if isinstance(raw, list | dict):
        raise wrong_type(name, raw, "string")
    return str(raw)
