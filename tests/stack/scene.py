"""A supervisor over small Python children, as a program of its own: ``python -m tests.stack.scene STAGES DIRECTORY``.

STAGES is JSON: a list of stages, each a dictionary from a child's name to its code and options; the first stage carries
the others. Children write to their logs in DIRECTORY; reports and ``ready`` go to standard output, line by line.
"""

import asyncio
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

from deploy.stack.child import RestartPolicy
from deploy.stack.failures import StackError
from deploy.stack.process import Service
from deploy.stack.run import explain
from deploy.stack.supervisor import Supervisor

say = partial(print, flush=True)


def child(directory: Path, name: str, code: str, *, carries_others: bool, stop_within: float = 60.0) -> Service:
    """It is ready once it has made the file DIRECTORY/<name>."""
    marker = directory / name
    return Service(
        name=name,
        command=[sys.executable, "-u", "-c", code],
        directory=directory,
        log=directory / f"{name}.log",
        before=partial(marker.unlink, missing_ok=True),
        ready=marker.exists,
        stop_within=stop_within,
        carries_others=carries_others,
    )


async def play(stages: list[dict[str, dict[str, Any]]], directory: Path) -> None:
    policy = RestartPolicy(deaths=3, within=60.0, first_delay=0.05)
    async with Supervisor(report=say, policy=policy) as supervisor:
        for number, stage in enumerate(stages):
            first = number == 0
            services = [child(directory, name, carries_others=first, **about) for name, about in stage.items()]
            await supervisor.start(services)
        say("ready", *(kept.process.pid for kept in supervisor.children if kept.process))
        await supervisor.watch()
    say("stopped")


if __name__ == "__main__":
    try:
        asyncio.run(play(json.loads(sys.argv[1]), Path(sys.argv[2])))
    except StackError as error:
        explain(error, error.log)
        sys.exit(1)
