"""The supervisor with stand-ins in place of our own processes; FAKES names what `prepare` and the workers are."""

import os
import sys
from dataclasses import replace

from jobs import house, supervisor
from jobs.commands import Command
from jobs.house import House, Options

CHILD = "tests.processes.fake_child"


def build(options: Options) -> House:
    real = house.build(options)
    given = dict(pair.split("=") for pair in os.environ["FAKES"].split(",") if pair)
    kinds = {"prepare": "prepare", "sandbox": "sandbox", "web": "web", **given}

    def stand_in(command: Command) -> Command:
        kind = kinds.get(command.name, "sleeps")
        return replace(command, argv=(CHILD, kind, *command.argv[1:]))

    return House(
        redis=real.redis,
        sandbox=stand_in(real.sandbox) if real.sandbox else None,
        prepare=stand_in(real.prepare),
        services=tuple(stand_in(command) for command in real.services),
    )


if __name__ == "__main__":
    supervisor.ENDS_WITHIN = float(os.environ.get("ENDS_WITHIN", supervisor.ENDS_WITHIN))
    sys.exit(supervisor.main(build_house=build))
