"""The application for the web server: settings that cannot be read end the process with a sentence."""

import importlib
import os
import sys

from jobs import garbage
from webapp.parent_watch import end_with_parent
from webapp.settings import SettingsError

if os.environ.get("ORDERBRIDGE_SUPERVISED") == "1":
    end_with_parent()

try:
    with garbage.left_alone():
        app = importlib.import_module("webapp.app").application()
except SettingsError as problem:
    sys.exit(str(problem))
