"""The application for a WSGI server and for the command line (`flask --app wsgi …`)."""

import os

from webapp.app import create_app
from webapp.parent_watch import end_with_parent

if os.environ.get("ORDERBRIDGE_SUPERVISED") == "1":
    end_with_parent()

app = create_app()
