"""`demo remove`."""

from __future__ import annotations

from flask.cli import AppGroup

from webapp import demo
from webapp.cli.saying import as_json, plainly, show

group = AppGroup("demo", help="The demo account and store.")


@group.command("remove")
@as_json
@plainly
def demo_remove(as_json: bool) -> None:
    """Take the demo's account, store and orders away."""
    removed = demo.remove()
    show({"removed": removed}, as_json, "The demo is gone." if removed else "There is no demo.")
