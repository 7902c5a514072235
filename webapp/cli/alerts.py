"""`alerts channels list|add|test|pause|resume|remove`."""

from __future__ import annotations

import sys

import click
from flask.cli import AppGroup

from webapp import alert_channels
from webapp.cli.saying import as_json, fail, plainly, show
from webapp.domain.alerts import Kind
from webapp.models import AlertChannelRow
from webapp.team import COMMAND_LINE
from webapp.typed import Mistakes

alerts = AppGroup("alerts", help="Who is told when something is wrong and nobody looks.")
channels = AppGroup("channels", help="The e-mail addresses and hooks that are told.")
alerts.add_command(channels)

KINDS = click.Choice([kind.value for kind in Kind])
EVERY = click.Choice([str(minutes) for minutes in alert_channels.OFTEN])
NOTHING_CAME = "Nothing came on standard input. Send the hook's address there, on one line."


@channels.command("list")
@as_json
@plainly
def channels_list(as_json: bool) -> None:
    """Everybody who is told, with their numbers."""
    everyone = alert_channels.everyone()
    lines = "\n".join(_line(row) for row in everyone)
    nobody = "Nobody is told yet. Add somebody: alerts channels add mail orders@shop.example.com"
    show([_document(row) for row in everyone], as_json, lines or nobody)


@channels.command("add")
@click.argument("kind", type=click.Choice(["mail", "hook"]))
@click.argument("address", required=False, default="")
@click.option(
    "--of", "wants", type=KINDS, multiple=True, help="What it is told of, repeated for more; all where not given."
)
@click.option("--every", type=EVERY, default=str(alert_channels.USUALLY), show_default=True, help="Minutes at least.")
@as_json
@plainly
def channels_add(kind: str, address: str, wants: tuple[str, ...], every: str, as_json: bool) -> None:
    """Add an e-mail address, or a hook: its address is a secret and is read from standard input."""
    if kind == "hook":
        if address:
            fail("A hook's address is a secret: leave it out here and send it on standard input.")
        address = sys.stdin.readline().strip()
        if not address:
            fail(NOTHING_CAME)
    form = {"kind": kind, kind: address, "every": every}
    try:
        wish = alert_channels.read_wish(form, wants or [one.value for one in Kind])
    except Mistakes as mistakes:
        fail(str(mistakes))
    number = alert_channels.add(wish, COMMAND_LINE)
    sentence = f"{number}: {wish.name} is told from now on. See that it arrives: alerts channels test {number}"
    show({"channel": number, "name": wish.name}, as_json, sentence)


@channels.command("test")
@click.argument("number", type=int)
@as_json
@plainly
def channels_test(number: int, as_json: bool) -> None:
    """Send a message that says it is a test. Ends with status 1 where it was not taken."""
    row = _find(number)
    trouble = alert_channels.test(number)
    sentence = f"The test did not go out. {trouble}" if trouble else f"{row.name} took a test."
    show({"channel": number, "ok": not trouble, "trouble": trouble}, as_json, sentence)
    if trouble:
        sys.exit(1)


@channels.command("pause")
@click.argument("number", type=int)
@as_json
@plainly
def channels_pause(number: int, as_json: bool) -> None:
    """Tell it nothing for a while."""
    row = _find(number)
    alert_channels.pause(number, True, COMMAND_LINE)
    show({"channel": number, "paused": True}, as_json, f"{row.name} is paused.")


@channels.command("resume")
@click.argument("number", type=int)
@as_json
@plainly
def channels_resume(number: int, as_json: bool) -> None:
    """Go on; it hears of what is still wrong."""
    row = _find(number)
    alert_channels.pause(number, False, COMMAND_LINE)
    show({"channel": number, "paused": False}, as_json, f"{row.name} goes on, and hears of what is still wrong.")


@channels.command("remove")
@click.argument("number", type=int)
@as_json
@plainly
def channels_remove(number: int, as_json: bool) -> None:
    """Tell it nothing any more."""
    name = _find(number).name
    alert_channels.remove(number, COMMAND_LINE)
    show({"channel": number, "removed": True}, as_json, f"{name} is removed.")


def _find(number: int) -> AlertChannelRow:
    """The channel of this number; without one it says so and ends."""
    found = next((row for row in alert_channels.everyone() if row.id == number), None)
    return found or fail(f"There is no channel {number}. See: alerts channels list")


def _document(row: AlertChannelRow) -> dict[str, object]:
    return {
        "channel": row.id,
        "kind": row.kind,
        "name": row.name,
        "of": list(row.wants),
        "every_minutes": row.every_minutes,
        "paused": row.is_paused,
        "sent_at": row.sent_at,
        "trouble": row.trouble,
    }


def _line(row: AlertChannelRow) -> str:
    told = f"last told {row.sent_at:%Y-%m-%d %H:%M} UTC" if row.sent_at else "not told yet"
    state = "paused" if row.is_paused else row.trouble or told
    often = alert_channels.OFTEN[row.every_minutes]
    return f"{row.id}  {row.kind}  {row.name}  {', '.join(row.wants)}; {often}  {state}"
