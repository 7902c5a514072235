"""The supervisor with stand-ins in place of our own processes; FAKES names what `prepare` and the workers are."""

import os
import sys
from pathlib import Path

from jobs import house, supervisor
from jobs.house import House, Options
from jobs.processes import Command

CHILD = Path(__file__).with_name("fake_child.py")


def build(options: Options) -> House:
    real = house.build(options)
    given = dict(pair.split("=") for pair in os.environ["FAKES"].split(",") if pair)
    kinds = {"prepare": "prepare", "sandbox": "sandbox", "web": "web", **given}

    def stand_in(command: Command) -> Command:
        words = command.argv[command.argv.index("-m") + 2 :]
        argv = (sys.executable, "-S", str(CHILD), kinds.get(command.name, "sleeps"), *words)
        return Command(
            command.name, house.watched(argv) if command is real.sandbox else argv, CHILD.parent, command.env
        )

    return House(
        redis=real.redis,
        sandbox=stand_in(real.sandbox) if real.sandbox else None,
        prepare=stand_in(real.prepare),
        services=tuple(stand_in(command) for command in real.services),
    )


if __name__ == "__main__":
    supervisor.ENDS_WITHIN = float(os.environ.get("ENDS_WITHIN", supervisor.ENDS_WITHIN))
    sys.exit(supervisor.main(build_house=build))
