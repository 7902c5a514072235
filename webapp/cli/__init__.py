"""The command line: `flask --app wsgi …`; each command prints sentences, or one JSON document with `--json`."""

from __future__ import annotations

from flask import Flask

from webapp.cli import alerts, demo, order_acts, orders, reimports, server, shop_webhooks, users, webhooks


def register(app: Flask) -> None:
    """Add the commands to `flask`."""
    here = (server.poll, server.sweep_command, server.doctor_command, reimports.reimport_command)
    for command in here:
        app.cli.add_command(command)
    for command in order_acts.commands:
        orders.group.add_command(command)
    for group in (users.users, alerts.alerts, shop_webhooks.stores, webhooks.group, orders.group, demo.group):
        app.cli.add_command(group)
