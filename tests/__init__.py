"""The suite. While it is loaded nothing is garbage, and looking for it would take half of the time."""

import gc

gc.disable()
