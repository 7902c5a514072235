"""Walmart's refusals in the envelopes that its services and its gateway really use."""

from typing import Any

ORDERS = "GMP_ORDER_API"
GATEWAY = "GMP_GATEWAY_API"
INFO = {
    "INVALID_REQUEST": "Request invalid.",
    "INVALID_REQUEST_CONTENT": "Request content is invalid.",
    "INVALID_REQUEST_HEADER": "One or more request headers are invalid.",
    "INVALID_REQUEST_PARAM": "One or more request params are invalid.",
    "MALFORMED_REQUEST_CONTENT": "Request content is malformed.",
    "CONTENT_NOT_FOUND": "Requested content could not be found.",
    "URI_NOT_FOUND": "Requested resource could not be found.",
    "METHOD_NOT_ALLOWED": "Method not allowed.",
    "UNAUTHORIZED": (
        "Unauthorized token or incorrect authorization header. Please verify correct format: "
        '"Authorization: Basic Base64Encode(clientId:clientSecret)" For more information, see '
        "https://developer.walmart.com/#/apicenter/marketPlace/latest#apiAuthentication."
    ),
}
SYSTEM_ERROR_XML = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?><ns2:errors xmlns:ns2="http://walmart.com/">'
    "<ns2:error><ns2:code>500.SYSTEM_ERROR</ns2:code><ns2:description>Internal error</ns2:description>"
    "<ns2:info>System encountered some internal error.</ns2:info><ns2:severity>ERROR</ns2:severity>"
    "<ns2:category>SYSTEM</ns2:category><ns2:causes/><ns2:errorIdentifiers/></ns2:error></ns2:errors>"
)


class Refused(Exception):
    """The call is refused: the status, and the body as JSON or as ready XML text."""

    def __init__(self, status: int, body: dict[str, Any] | str) -> None:
        super().__init__(str(body))
        self.status = status
        self.body = body


def order_error(
    code: str,
    description: str,
    *,
    field: str | None = "data",
    status: int = 400,
    severity: str = "ERROR",
    category: str = "DATA",
) -> Refused:
    """The orders service's envelope, `{"errors": {"error": [...]}}`."""
    error: dict[str, Any] = {
        "code": f"{code}.{ORDERS}",
        "field": field,
        "description": description,
        "info": INFO[code],
        "severity": severity,
        "category": category,
        "causes": [],
        "errorIdentifiers": {"entry": []},
    }
    if field is None:
        del error["field"]
    return Refused(status, {"errors": {"error": [error]}})


def content_error(description: str, field: str = "data") -> Refused:
    """A request that the order's state or the rules do not allow."""
    return order_error("INVALID_REQUEST_CONTENT", description, field=field)


def gateway_error(
    status: int, code: str, description: str, *, field: str | None = None, category: str = "DATA"
) -> Refused:
    """The gateway's envelope, `{"error": [...]}`."""
    error = {
        "code": f"{code}.{GATEWAY}",
        "field": field or code,
        "description": description,
        "info": INFO.get(code, description),
        "severity": "ERROR",
        "category": category,
        "causes": [],
        "errorIdentifiers": {},
    }
    return Refused(status, {"error": [error]})


def unauthorized(status: int = 401) -> Refused:
    """A token or credentials that do not hold; some calls were seen to answer 400 instead of 401."""
    if status == 400:
        return gateway_error(400, "INVALID_TOKEN", "Invalid token")
    return gateway_error(status, "UNAUTHORIZED", "Unauthorized")


def threshold_violated() -> Refused:
    return gateway_error(429, "REQUEST_THRESHOLD_VIOLATED", "Request threshold violated", category="REQUEST")


def system_error() -> Refused:
    """What a missing or wrong Content-Type brings: a 500 in XML, whatever was asked for."""
    return Refused(500, SYSTEM_ERROR_XML)
