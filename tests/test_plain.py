"""What was stored is read back by many threads at the same moment."""

from __future__ import annotations

import subprocess
import sys

from webapp.settings import CHECKOUT

AT_ONCE = """
import sys, threading
from webapp import plain
from webapp.domain.order import Charge, LineRefund, Quantity
from webapp.domain.shop import ShopOrder
from msgspec import ValidationError
sys.setswitchinterval(1e-6)
together = threading.Barrier(8)
def meet():
    together.wait()
    for kind in (LineRefund, Charge, Quantity, ShopOrder):
        try:
            plain.read({}, kind)
        except ValidationError:
            pass
threads = [threading.Thread(target=meet) for _ in range(8)]
[one.start() for one in threads]
[one.join() for one in threads]
"""


def test_threads_that_first_meet_a_kind_together_all_go_on() -> None:
    for _ in range(5):
        ended = subprocess.run([sys.executable, "-c", AT_ONCE], cwd=CHECKOUT, capture_output=True, text=True)
        assert (ended.returncode, ended.stderr) == (0, "")
