"""What a call counts against, and what the headers of its answer tell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from webapp.connectors.http import Answer, Call
from webapp.connectors.walmart_limits import endpoint_of, heard
from webapp.domain.commands import Side
from webapp.domain.limits import Endpoint, Heard


def in_a_minute() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=60)


def milliseconds(at: datetime) -> str:
    return str(int(at.timestamp() * 1000))


def call(method: str, path: str) -> Call:
    return Call(Side.WALMART, method, f"https://marketplace.example{path}", {})


def answer(status: int = 200, /, **headers: str) -> Answer:
    named = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return Answer(call("GET", "/v3/orders"), status, _Headers(named), b"")


class _Headers(dict[str, str]):
    """Read without regard to case, as the real ones are."""

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
        return super().get(name.lower(), default)


@pytest.mark.parametrize(
    ("method", "path", "wanted"),
    [
        ("GET", "/v3/orders?limit=200&shipNodeType=SellerFulfilled", Endpoint.ORDERS),
        ("GET", "/v3/orders/released?limit=1", Endpoint.RELEASED),
        ("GET", "/v3/orders/1796277083022", Endpoint.ORDER),
        ("POST", "/v3/orders/1796277083022/acknowledge", Endpoint.ACKNOWLEDGE),
        ("POST", "/v3/orders/1796277083022/acknowledgeLines", Endpoint.ACKNOWLEDGE_LINES),
        ("POST", "/v3/orders/1%2F2/shipping", Endpoint.SHIPPING),
        ("POST", "/v3/orders/1/cancel", Endpoint.CANCEL),
        ("POST", "/v3/orders/1/refund", Endpoint.REFUND),
        ("GET", "/v3/returns", Endpoint.RETURNS),
        ("POST", "/v3/returns/1/refund", Endpoint.RETURN_REFUND),
        ("PATCH", "/v3/webhooks/subscriptions/1", Endpoint.SUBSCRIPTIONS_UPDATE),
        ("GET", "/v3/webhooks/eventTypes", Endpoint.EVENT_TYPES),
        ("POST", "/v3/token", None),
        ("GET", "/v3/token/detail", None),
        ("GET", "/elsewhere", None),
    ],
)
def test_each_call_counts_against_its_endpoint(method: str, path: str, wanted: Endpoint | None) -> None:
    assert endpoint_of(call(method, path)) is wanted


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ("59", 59),
        ("0", 0),
        (" 7 ", 7),
        ("", None),
        ("-1", None),
        ("many", None),
        ("1.5", None),
        ("²", None),
        ("9" * 40, 10**6),
    ],
)
def test_the_tokens_left_are_a_whole_number_or_nothing(value: str, left: int | None) -> None:
    assert heard(answer(x_current_token_count=value)).left == left


@pytest.mark.parametrize(
    "written",
    [
        lambda at: milliseconds(at),
        lambda at: f"{milliseconds(at)}.0",
        lambda at: str(int(at.timestamp())),
        lambda at: at.isoformat(),
        lambda at: at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        lambda at: at.replace(tzinfo=None).isoformat(),
    ],
)
@pytest.mark.parametrize("name", ["X_Next_Replenishment_Time", "x_next_replenish_time"])
def test_the_time_of_the_next_token_is_read_in_every_form(name: str, written: Callable[[datetime], str]) -> None:
    wait = heard(answer(**{name: written(in_a_minute())})).wait
    assert wait is not None
    assert 50 < wait.total_seconds() <= 60


@pytest.mark.parametrize("value", ["", "soon", "NaN", "Infinity", "-1e999", "1e30", "2026-13-45T99:00Z", "0x10"])
def test_nonsense_tells_nothing(value: str) -> None:
    assert heard(answer(X_Next_Replenishment_Time=value)) == Heard()


def test_a_time_long_ago_is_now_and_one_in_a_year_is_five_minutes() -> None:
    assert heard(answer(X_Next_Replenishment_Time="1")).wait == timedelta(0)
    in_a_year = milliseconds(in_a_minute() + timedelta(days=365))
    assert heard(answer(X_Next_Replenishment_Time=in_a_year)).wait == timedelta(minutes=5)


def test_walmarts_clock_counts_where_ours_is_wrong() -> None:
    theirs = in_a_minute() + timedelta(minutes=10)
    date = format_datetime(theirs - timedelta(seconds=30), usegmt=True)
    wait = heard(answer(X_Next_Replenishment_Time=theirs.isoformat(), Date=date)).wait
    assert wait is not None
    assert 29 < wait.total_seconds() < 32


@pytest.mark.parametrize("status", [423, 429])
def test_a_refusal_empties_the_bucket_for_as_long_as_it_says(status: int) -> None:
    assert heard(answer(status, Retry_After="17")) == Heard(0, timedelta(seconds=17), is_refused=True)
    assert heard(answer(status)) == Heard(0, timedelta(seconds=60), is_refused=True)
    both = heard(answer(status, Retry_After="3", X_Next_Replenishment_Time=milliseconds(in_a_minute())))
    assert both.wait == timedelta(seconds=3)
