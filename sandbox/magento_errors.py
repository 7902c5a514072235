"""Magento's ways to refuse a call: a JSON body with a message template, a plain text, or an HTML page."""

import secrets
from typing import Any

NO_ENTITY = "The entity that was requested doesn't exist. Verify the entity and try again."
FATAL = "An error has happened during application run. See exception log for details.\n"


class MagentoError(Exception):
    """A refused call; `message` is a template whose `parameters` the client fills in itself.

    The shape was observed on 2.4.7-p3: parameters are a list for %1, %2 and an object for %names.
    """

    def __init__(
        self,
        status: int,
        message: str,
        parameters: list[Any] | dict[str, Any] | None = None,
        errors: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.parameters = parameters
        self.errors = errors

    def body(self) -> dict[str, Any]:
        """The JSON body of the answer."""
        body: dict[str, Any] = {"message": self.message}
        if self.errors:
            body["errors"] = self.errors
        if self.parameters:
            body["parameters"] = self.parameters
        return body


class FatalError(Exception):
    """PHP broke off: 500 with a plain text instead of JSON (observed on 2.4.7-p3)."""


def no_entity() -> MagentoError:
    """The answer for an unknown order, invoice, shipment or credit memo."""
    return MagentoError(404, NO_ENTITY)


def no_such(field: str, value: Any) -> MagentoError:
    """The answer where Magento names the field it looked for."""
    return MagentoError(404, "No such entity with %fieldName = %fieldValue", {"fieldName": field, "fieldValue": value})


def required(field: str) -> MagentoError:
    """A mandatory argument or field is missing."""
    return MagentoError(400, '"%fieldName" is required. Enter and try again.', {"fieldName": field})


def unsupported(field: str) -> MagentoError:
    """A body names a property that the interface does not have; Magento tells it in CamelCase."""
    camel = "".join(part[:1].upper() + part[1:] for part in field.split("_"))
    return MagentoError(
        400, '"%fieldName" is not supported. Correct the field name and try again.', {"fieldName": camel}
    )


def wrong_type(field: str, value: Any, expected: str) -> MagentoError:
    """A property has a value that cannot be read as its type."""
    told = f'The "{value}" value\'s type is invalid. The "{expected}" type was expected. Verify and try again.'
    return MagentoError(
        400,
        'Error occurred during "%fieldName" processing. %details',
        {"fieldName": field, "details": told},
    )


def internal_error() -> MagentoError:
    """The shop broke; the cause is only in its log, under a number."""
    report = f"webapi-{secrets.token_hex(6)}"
    return MagentoError(500, f"Internal Error. Details are available in Magento log file. Report ID: {report}")


def invalid_document(kind: str, messages: list[str]) -> MagentoError:
    """An invoice, shipment or credit memo did not pass its validators; one line for each."""
    return MagentoError(400, "\n".join([f"{kind} Document Validation Error(s):", *messages]))
