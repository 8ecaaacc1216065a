"""``make run``: check, start, say where, keep alive, stop."""

import asyncio
import contextlib
import http.client
import shutil
import sys
import time
from collections.abc import Iterable
from functools import partial

from deploy.stack import lock, prepared, services
from deploy.stack.failures import StackError, last_lines
from deploy.stack.options import WEB_READY_PATH, Options, prepare_directories, rotate_log
from deploy.stack.process import Service
from deploy.stack.supervisor import StopRequested, Supervisor
from deploy.stack.tail import Tail, follow

EMBEDDED = frozenset({"postgres", "valkey", "model"})
APPLICATION = frozenset({"web", "worker-runs", "worker-cpu", "worker-sandbox", "beat"})
# A person can sign in and talk once these are up; the rest follows while they type.
FIRST = frozenset({"web", "worker-runs"})


def say(line: str) -> None:
    """To the terminal, where there still is one."""
    with contextlib.suppress(OSError):
        print(line, flush=True)


def run(only: frozenset[str]) -> int:
    """Returns the exit code. ``only`` names services (``EMBEDDED`` and ``APPLICATION``); empty means all."""
    wanted = only or EMBEDDED | APPLICATION
    if unknown := wanted - EMBEDDED - APPLICATION:
        choices = ", ".join(sorted(EMBEDDED | APPLICATION))
        raise StackError(f"There is no service {', '.join(sorted(unknown))}: choose from {choices}.")
    options = Options.read()
    address = f"http://localhost:{options.env.PORT}"
    prepare_directories(options)
    with lock.exclusive(options.var / "stack.lock", address), contextlib.ExitStack() as cleanup:
        listener = cleanup.enter_context(services.listen(options.env.PORT)) if "web" in wanted else None
        for old in options.runtime.iterdir():
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        for log in (options.var / "log").glob("*.log"):
            rotate_log(log)
        stack = Stack(options, wanted, address)
        plan = services.embedded(options, wanted)
        environment = {**options.child_environment(), **plan.urls}
        asyncio.run(
            stack.run(
                plan, services.application(options, environment, listener), services.prepare(options, environment)
            )
        )
    say("Stopped.")
    return 0


class Stack:
    """One run of the whole."""

    def __init__(self, options: Options, wanted: frozenset[str], address: str) -> None:
        self.options = options
        self.wanted = wanted
        self.address = address
        self.started = time.monotonic()

    async def run(self, plan: services.Plan, application: dict[str, Service], prepare: Service) -> None:
        chosen = {
            name: service for name, service in application.items() if name.split("-")[0] == "web" or name in self.wanted
        }
        tails = [Tail(name, self.options.log(name)) for name in (*chosen, "postgres", "valkey", "model")]
        async with Supervisor(report=say) as supervisor:
            following = asyncio.create_task(follow(tails, partial(say_beside, "  ")))
            try:
                await self.start(supervisor, plan, chosen, prepare)
                await supervisor.watch()
            except StopRequested:
                pass
            finally:
                following.cancel()
                say("Stopping…")

    async def start(
        self, supervisor: Supervisor, plan: services.Plan, chosen: dict[str, Service], prepare: Service
    ) -> None:
        await supervisor.start(plan.stores)
        first = [service for name, service in chosen.items() if name.split("-")[0] == "web" or name in FIRST]
        application = self.prepare_and_start(supervisor, prepare, first) if chosen else supervisor.start([])
        await asyncio.gather(supervisor.start(plan.models), application)
        if "web" in self.wanted:
            await supervisor.unless_stopped(asyncio.ensure_future(asyncio.to_thread(self.first_page)))
        self.banner(plan, chosen)
        await supervisor.start([service for service in chosen.values() if service not in first])

    async def prepare_and_start(self, supervisor: Supervisor, prepare: Service, first: list[Service]) -> None:
        """A development database that is as it was left needs no preparing; in production static files may have changed."""
        var, root = self.options.var, self.options.root
        url = prepare.environment.get("DATABASE_URL") or self.options.env.DATABASE_URL
        if self.options.production or not await asyncio.to_thread(prepared.was_prepared, var, root, url):
            await supervisor.run_once(prepare)
            await asyncio.to_thread(prepared.keep, var, root, url)
        await supervisor.start(first)

    def first_page(self) -> None:
        """Ask the application whether it is ready; this also loads what the first visitor would wait for."""
        connection = http.client.HTTPConnection("127.0.0.1", self.options.env.PORT, timeout=30)
        try:
            connection.request("GET", WEB_READY_PATH)
            answer = connection.getresponse()
            text = answer.read(400).decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            raise StackError(f"The web server does not answer: {error}.") from None
        finally:
            connection.close()
        if answer.status >= 500:
            raise StackError(
                f"The application says that it is not ready: {text}", log=last_lines(self.options.log("web"))
            )

    def banner(self, plan: services.Plan, chosen: dict[str, Service]) -> None:
        seconds = time.monotonic() - self.started
        if "web" not in self.wanted:
            say(f"\n  Ready in {seconds:.1f} s: {', '.join(sorted(self.wanted))}\n")
            for name, url in plan.urls.items():
                say(f"  {name}={url}")
            say("\n  Ctrl-C stops everything.\n")
            return
        welcome = prepared.welcome(self.options.var)
        lines = welcome.read_text().splitlines() if welcome.exists() else []
        say(f"\n  Troupe is ready on {self.address}  ({seconds:.1f} s)\n")
        for line in lines:
            say(f"  {line}")
        say(f"\n  Logs: {self.options.var / 'log'}   Ctrl-C stops everything.\n")


def say_beside(indent: str, line: str) -> None:
    say(f"{indent}{line}")


def explain(error: StackError, log: Iterable[str]) -> None:
    """The one line, after the child's own last words."""
    for line in log:
        sys.stderr.write(f"  | {line}\n")
    sys.stderr.write(f"troupe: {error}\n")
