"""The application for the command line (`flask --app wsgi …`) and for any WSGI server."""

from jobs.web_app import app
from webapp.cli import prepare

prepare.register(app)
