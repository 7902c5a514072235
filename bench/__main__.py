"""`python -m bench [name …] [--quick]`: run the measurements named, or all of them."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable

from bench import acknowledge, face, grid, import_window, ingest, limits

MEASUREMENTS: dict[str, Callable[..., None]] = {
    "acknowledge": acknowledge.main,
    "face": face.main,
    "grid": grid.main,
    "import": import_window.main,
    "ingest": ingest.main,
    "limits": limits.main,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"any of: {', '.join(MEASUREMENTS)}")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: a first look, not a verdict")
    wanted = parser.parse_args()
    unknown = set(wanted.names) - MEASUREMENTS.keys()
    if unknown:
        parser.error(f"there is no measurement named {', '.join(sorted(unknown))}")
    for name in wanted.names or MEASUREMENTS:
        print(f"\n=== {name} (load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores)", flush=True)
        MEASUREMENTS[name](quick=wanted.quick)


if __name__ == "__main__":
    main()
