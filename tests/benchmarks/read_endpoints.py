"""p95 of what programs and pages read most, asked by 10 and by 100 people at once, beside ``/health/live`` of the same server.

``python -m tests.benchmarks.read_endpoints [--people 10,100] [--requests 1500] [--seconds 8] [--processes 1] [--pause 0]``

With ``--pause 2`` each person reads for two seconds on average before they ask again, as people do; without it nobody ever pauses.
Each person is a member of one workspace with their own access token, so nobody's limit and no cache is shared. Everything else of
the stack runs as well: workers and beat. Aim: p95 ≤ 100 ms with 10 people, ≤ 200 ms with 100.
"""

import argparse
import asyncio
import itertools
import json
import time
from functools import partial

import aiohttp
import uvloop

from tests.benchmarks import client, report
from tests.benchmarks.client import Timing
from tests.benchmarks.stack import Stack

# Rows of every list: 24 agents, 200 runs, 60 conversations, 300 audit entries; 30 notifications for each person.
FURNISH = """
import json
from agent_app.models import Agent, Conversation, Run
from community.models import AuditEntry, Membership, Notification, User, Workspace
from community.services.people import person_add
from community.tokens import AccessToken
from django.utils import timezone

alice = User.objects.get(email="alice@example.com")
office, now = alice.current_workspace_id, timezone.now()
agents = [Agent(workspace_id=office, name=f"Agent {{n}}", instructions="You answer.") for n in range(24)]
Agent.objects.bulk_create(agents)
people = [alice]
for number in range({people} - 1):
    user = User.from_email(f"person{{number}}@example.com", f"Person {{number}}")
    user.set_unusable_password()
    people.append(person_add(user=user))
Membership.objects.bulk_create(Membership(workspace_id=office, user=user, role="owner") for user in people[1:])
User.objects.filter(id__in=[user.id for user in people]).update(current_workspace_id=office)
talks = [
    Conversation(workspace_id=office, agent=agents[n % 24], created_by=person, title=f"Talk {{n}}")
    for person in people for n in range(60)
]
Conversation.objects.bulk_create(talks)
Run.objects.bulk_create(
    Run(workspace_id=office, agent=agents[n % 24], actor_id=alice.id, status="succeeded", finished_at=now) for n in range(200)
)
AuditEntry.objects.bulk_create(
    AuditEntry(workspace_id=office, actor_id=alice.id, action="agent.updated", object_type="agent", object_id=agents[0].id)
    for n in range(300)
)
Notification.objects.bulk_create(
    Notification(user=user, workspace_id=office, kind="follow", key=str(n), title="Somebody follows you", url="/")
    for user in people for n in range(30)
)
print("TOKENS", json.dumps([str(AccessToken.issue(user)) for user in people]), office)
"""
READS = {
    "agents": "agents/",
    "runs": "runs/",
    "conversations": "conversations/",
    "notifications": "notifications/",
    "inbox": "inbox/",
    "members": "workspaces/{office}/members/",
    "audit": "audit/",
    "balance": "credits/balance/",
    "ledger history": "credits/history/",
}


async def get(http: aiohttp.ClientSession, url: str, tokens: "itertools.cycle[str]") -> Timing:
    timing, start = Timing(), time.perf_counter()
    try:
        async with http.get(url, headers={"Authorization": f"Bearer {next(tokens)}"}) as answer:
            body = await answer.read()
        timing.total = time.perf_counter() - start
        if answer.status != 200:
            timing.error = f"{answer.status}: {body[:200]!r}"
    except (aiohttp.ClientError, TimeoutError) as error:
        timing.error = repr(error)
    return timing


async def measure(stack: Stack, arguments: argparse.Namespace, tokens: list[str], office: str) -> None:
    webs = [child.pid for name, child in stack.children.items() if name.startswith("web")]
    reads = {name: f"{stack.base_url}/api/v1/{path.format(office=office)}" for name, path in READS.items()}
    pages = {"health": f"{stack.base_url}/health/live", **reads}
    rows, failed = [], []
    async with client.session() as http:
        for people in (int(part) for part in arguments.people.split(",")):
            bare = float("nan")
            for name, url in pages.items():
                work = partial(get, http, url, itertools.cycle(tokens[:people]))
                await client.closed_loop(people, 2 * people, 5, work)  # warm up
                before = sum(map(report.cpu_seconds, webs))
                timings, took = await client.closed_loop(
                    people, arguments.requests, arguments.seconds, work, pause=arguments.pause
                )
                used = sum(map(report.cpu_seconds, webs)) - before
                totals = [timing.total * 1000 for timing in report.good(timings)]
                p95 = report.percentile(totals, 95)
                bare = p95 if name == "health" else bare
                cost = used * 1000 / max(1, len(totals))
                rows.append([name, people, len(totals) / took, report.median(totals), p95, p95 / bare, cost])
                failed += report.errors(timings)
    columns = ["read", "people", "requests/s", "p50 ms", "p95 ms", "of health's", "web CPU ms"]
    report.table("p95 of the read endpoints, 20 rows a page", columns, rows)
    report.tell_errors(failed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", default="10,100")
    parser.add_argument("--requests", type=int, default=1500)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--processes", type=int, default=1, help="web processes")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds that each person reads between two requests")
    arguments = parser.parse_args()
    report.say(report.machine())
    with Stack(web_processes=arguments.processes) as stack:
        stack.start("web", "worker-runs", "worker-cpu", "beat")
        stack.register()
        most = max(int(part) for part in arguments.people.split(","))
        told = stack.manage("shell", "-c", FURNISH.format(people=most))
        words, office = told[told.index("TOKENS") + 6 :].rsplit(maxsplit=1)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(measure(stack, arguments, json.loads(words), office))


if __name__ == "__main__":
    main()
