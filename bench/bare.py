"""The baseline of the ingest: a Flask application with one route that does nothing and answers 204."""

from __future__ import annotations

from flask import Flask

app = Flask(__name__)


@app.post("/webhooks/walmart/<key>")
def nothing(key: str) -> tuple[str, int]:
    return "", 204


@app.get("/health/live")
def live() -> tuple[str, int]:
    return "", 204
