"""Calls that go to the sandbox worker over the queue: answered, limited, cancelled, and never waited for longer than they may."""

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import pytest
from django.conf import settings as django_settings

from agent_app.models import AgentFile
from agent_app.tools.code_interpreter import CodeInterpreterTool
from agent_app.tools.computer import ComputerTool
from agent_app.tools.registry import ToolFailed
from agent_app.tools.sandbox import boxes, queue
from agent_app.tools.sandbox.queue import SandboxFailed
from community.models import AuditEntry, StoredFile
from config.lib import redis
from tests import clock
from tests.agents.call_world import called, context_of, on_loop, tool_of
from tests.agents.sandbox_world import SandboxWorker, needs_sandbox, started
from tests.agents.world import execute, make_agent, make_provider, start
from tests.cast import Cast
from tests.community.files_world import kept
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script
from tests.fakes.script import ToolCall as Asked

pytestmark = [needs_sandbox, pytest.mark.django_db(transaction=True)]

COMPUTER = ComputerTool()
INTERPRETER = CodeInterpreterTool()
COMMANDS = ["ls", "cat", "sleep", "find"]
LONG, LONGER = (str(many + os.getpid()) for many in (10_000, 20_000_000))  # how long nobody else sleeps


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("var")


@pytest.fixture(scope="module")
def worker(var: Path) -> Iterator[SandboxWorker]:
    with started(var) as running:
        yield running


@pytest.fixture(autouse=True)
def same_files(settings: Any, var: Path) -> None:
    """The test and the worker have one file storage."""
    settings.VAR_DIR = var
    local = settings.STORAGES["files"] | {"OPTIONS": {"location": var / "files", "file_permissions_mode": 0o600}}
    settings.STORAGES = settings.STORAGES | {"files": local}


def box(script: str, seconds: float = 60, workspace: str = "") -> dict[str, Any]:
    return {
        "box": {"programs": COMMANDS}, "command": ["/.box/sh", "-c", script], "limits": {"seconds": seconds}, "workspace": workspace,
    }  # fmt: skip


def _asleep(seconds: str) -> list[psutil.Process]:
    return [each for each in psutil.process_iter(["cmdline"]) if (each.info["cmdline"] or [])[:2] == ["sleep", seconds]]


async def _sleeping(seconds: str) -> list[psutil.Process]:
    """The processes inside, once they are there."""
    until = time.monotonic() + 60
    while not (found := _asleep(seconds)):
        assert time.monotonic() < until
        await asyncio.sleep(0.05)
    return found


@pytest.mark.usefixtures("worker")
class TestQueue:
    def test_a_call_is_answered(self) -> None:
        told = on_loop(queue.run("box", box("echo hello; exit 3"), timeout_s=90))
        assert (told["stdout"], told["exit_code"], told["how"]) == ("hello\n", 3, "exited")

    def test_many_calls_have_each_their_own_answer(self) -> None:
        async def work() -> list[str]:
            calls = (queue.run("box", box(f"echo {n}"), timeout_s=90) for n in range(6))
            return [told["stdout"] for told in await asyncio.gather(*calls)]

        assert on_loop(work()) == [f"{n}\n" for n in range(6)]

    def test_a_cancelled_call_ends_there_too(self) -> None:
        async def work() -> None:
            call = asyncio.create_task(queue.run("box", box(f"sleep {LONG}", seconds=60), timeout_s=90))
            inside = await _sleeping(LONG)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            gone, _alive = await asyncio.to_thread(psutil.wait_procs, inside, 60)
            assert len(gone) == len(inside)

        on_loop(work())

    def test_one_that_takes_too_long_is_ended_by_its_limit(self) -> None:
        told = on_loop(queue.run("box", box("sleep 60", seconds=0.5), timeout_s=90))
        assert told["how"] == "timeout"

    def test_an_unknown_kind_is_told(self) -> None:
        with pytest.raises(SandboxFailed) as failed:
            on_loop(queue.run("other", {}, timeout_s=90))
        assert failed.value.code == "sandbox_error"

    def test_it_says_that_it_is_there(self) -> None:
        queue.forget_known()
        assert queue.unavailable() == ""


class TestComputer:
    pytestmark = pytest.mark.usefixtures("worker")

    def test_commands_run_and_are_on_record(self, cast: Cast) -> None:
        tool = tool_of(COMPUTER, allowed_commands=COMMANDS, read_only=False)
        result = on_loop(
            called(COMPUTER, tool, "run_command", {"command": "echo hi | cat; exit 4"}, context_of(cast.alice))
        )
        assert result.value == {"exit_code": 4, "stdout": "hi\n", "stderr": ""}
        entry = AuditEntry.objects.get(action="tool.computer")
        assert (entry.actor_id, entry.workspace_id) == (cast.alice.user.id, cast.alice.workspace_id)
        assert entry.after["arguments"] == {"command": "echo hi | cat; exit 4"}
        assert entry.after["exit_code"] == 4
        assert entry.after["duration_ms"] >= 0

    def test_files_stay_for_the_run_and_no_longer(self, cast: Cast) -> None:
        tool = tool_of(COMPUTER, allowed_commands=COMMANDS, read_only=False, blocked_paths=[])
        run = uuid4()
        mine, other = context_of(cast.alice, run_id=run), context_of(cast.alice, run_id=uuid4())

        async def work() -> tuple[Any, Any, Any]:
            await called(COMPUTER, tool, "write_file", {"path": "notes/a.txt", "content": "höhe"}, mine)
            read = await called(COMPUTER, tool, "read_file", {"path": "notes/a.txt"}, mine)
            listed = await called(COMPUTER, tool, "list_files", {}, mine)
            with pytest.raises(ToolFailed):
                await called(COMPUTER, tool, "read_file", {"path": "notes/a.txt"}, other)
            return read.value, listed.value, boxes.workspace_key(str(run))

        read, listed, key = on_loop(work())
        assert read == {"content": "höhe"}
        assert {"path": "./notes/a.txt", "type": "file", "size": 5} in listed["files"]
        stored = django_settings.VAR_DIR / "files" / key
        assert stored.exists()
        boxes.forget(str(run))
        assert not stored.exists()

    @pytest.mark.parametrize(
        "path", ["../../../etc/shadow", "/etc/shadow", "-rf", "/root/.ssh/id_rsa", "a\nb", "$(cat /etc/passwd)", "`ls`"]
    )
    def test_paths_lead_nowhere_else(self, cast: Cast, path: str) -> None:
        with pytest.raises(ToolFailed) as failed:
            on_loop(called(COMPUTER, tool_of(COMPUTER), "read_file", {"path": path}, context_of(cast.alice)))
        assert failed.value.code == "file"
        assert AuditEntry.objects.filter(action="tool.computer").count() == 1

    def test_other_programs_do_not_exist(self, cast: Cast) -> None:
        result = on_loop(
            called(COMPUTER, tool_of(COMPUTER), "run_command", {"command": "rm -rf /"}, context_of(cast.alice))
        )
        assert result.value["exit_code"] == 127

    def test_one_that_was_ended_is_told_with_what_it_said(self, cast: Cast) -> None:
        for seconds in (1, 5, 20):  # longer where the machine is too busy to begin within that
            tool = tool_of(COMPUTER, allowed_commands=["sleep"], max_execution_time=seconds)
            asked = {"command": "echo so far; sleep 60"}
            with pytest.raises(ToolFailed, match=f"ended after {seconds} s") as failed:
                on_loop(called(COMPUTER, tool, "run_command", asked, context_of(cast.alice)))
            assert failed.value.code == "timeout"
            if "so far" in failed.value.message:
                break
        else:
            pytest.fail("it was never told what was said")
        assert {entry.after["error"] for entry in AuditEntry.objects.filter(action="tool.computer")} == {"timeout"}

    def test_a_model_uses_it_and_its_workspace_ends_with_the_run(self, cast: Cast, var: Path) -> None:
        tool = {"name": "box", "type": "computer", "params": {"allowed_commands": COMMANDS, "read_only": False}}
        queue.forget_known()
        with FakeOpenAI() as provider:
            make_provider(cast.alice, provider.base_url)
            agent = make_agent(cast.alice, model="fake/m")
            saved = cast.alice.api.patch(f"agents/{agent.id}/", {"tools": [tool]})
            assert saved.status_code == 200, saved.content
            commands = ['{"command": "echo kept > a"}', '{"command": "cat a; ls ../"}']
            provider.queue(
                *(Script(tool_calls=(Asked("run_command", each),)) for each in commands), Script(deltas=("Done.",))
            )
            run = execute(start(cast.alice, agent))
        assert (run.status, run.output) == ("succeeded", "Done.")
        told = [each["content"] for each in provider.exchanges[2].body["messages"] if each["role"] == "tool"]
        assert '"stdout":"kept\\n' in told[1]
        entries = AuditEntry.objects.filter(action="tool.computer", object_id=run.id, object_type="run")
        assert [each.after["exit_code"] for each in entries.order_by("id")] == [0, 0]
        assert not (var / "files" / boxes.workspace_key(str(run.id))).exists()
        assert not redis.client().exists(boxes.kept_key(str(run.id)))


class TestCodeInterpreter:
    pytestmark = pytest.mark.usefixtures("worker")

    def test_it_reads_the_agents_files_and_answers_new_ones(self, cast: Cast) -> None:
        agent = make_agent(cast.alice)
        file = kept(cast.alice, "data.csv", b"a,b\n1,2\n")
        AgentFile.objects.create(workspace_id=cast.alice.workspace_id, agent=agent, file=file)
        code = "import csv\nrows = list(csv.reader(open('/files/data.csv')))\nprint(rows)\n"
        code += "open('sum.txt', 'w').write(str(int(rows[1][0]) + int(rows[1][1])))"
        context = context_of(cast.carol, agent_id=agent.id, run_id=uuid4(), workspace_id=cast.alice.workspace_id)
        tool = tool_of(INTERPRETER)

        async def work() -> tuple[Any, Any]:
            first = await called(INTERPRETER, tool, "run_python", {"code": code}, context)
            again = await called(INTERPRETER, tool, "run_python", {"code": "print(open('sum.txt').read())"}, context)
            return first.value, again.value

        first, again = on_loop(work())
        assert (first["exit_code"], first["stdout"]) == (0, "[['a', 'b'], ['1', '2']]\n")
        (answered,) = first["files"]
        stored = StoredFile.objects.get(id=answered["id"])
        assert (stored.name, stored.size, stored.workspace_id, stored.uploader_id) == (
            "sum.txt", 1, cast.alice.workspace_id, cast.carol.user.id,
        )  # fmt: skip
        assert (again["stdout"], again["files"]) == ("3\n", [])
        assert not [
            path for path in (django_settings.VAR_DIR / "files" / "sandbox").iterdir() if path.name.startswith("out-")
        ]

    def test_errors_are_shown_as_python_shows_them(self, cast: Cast) -> None:
        value = on_loop(
            called(INTERPRETER, tool_of(INTERPRETER), "run_python", {"code": "1/0"}, context_of(cast.alice))
        ).value
        assert value["exit_code"] == 1
        assert "ZeroDivisionError" in value["stderr"]

    def test_links_are_never_followed_outside(self, cast: Cast, var: Path) -> None:
        (var / "secret.txt").write_text("of ours")
        code = f"import os\nos.symlink('{var}/secret.txt', 'link.txt')\nos.symlink('/etc/shadow', 'shadow')\nopen('../x', 'w')"
        value = on_loop(
            called(INTERPRETER, tool_of(INTERPRETER), "run_python", {"code": code}, context_of(cast.alice))
        ).value
        assert value["files"] == []

    def test_programs_are_not_kept_as_files(self, cast: Cast) -> None:
        code = "open('a.bin', 'wb').write(b'\\x7fELF\\x02\\x01\\x01' + bytes(57))"
        value = on_loop(
            called(INTERPRETER, tool_of(INTERPRETER), "run_python", {"code": code}, context_of(cast.alice))
        ).value
        assert value["files"] == []
        assert [each["name"] for each in value["not_kept"]] == ["a.bin"]


class TestDeadWorker:
    """Last: it kills the worker."""

    def test_a_call_that_it_takes_along_is_told_within_its_time(self, worker: SandboxWorker) -> None:
        async def work() -> str:
            call = asyncio.create_task(queue.run("box", box(f"sleep {LONGER}", seconds=60), timeout_s=60))
            inside = await _sleeping(LONGER)
            while not queue._boxes[asyncio.get_running_loop()]._begun:  # noqa: ASYNC110  (it announces nothing)
                await asyncio.sleep(0.01)
            worker.kill()
            clock.forward(60)
            with pytest.raises(SandboxFailed) as failed:
                await call
            await asyncio.to_thread(psutil.wait_procs, inside, 60)
            return failed.value.code

        assert on_loop(work()) == "timeout"
        assert _asleep(LONGER) == []

    def test_then_nobody_takes_a_call(self) -> None:
        with pytest.raises(SandboxFailed) as failed:
            on_loop(queue.run("box", box("echo"), timeout_s=0.5))
        assert failed.value.code == "sandbox_unavailable"

    def test_tools_say_why_they_cannot_be_used(self) -> None:
        redis.client().delete("sandbox:announced")
        queue.forget_known()
        assert "No sandbox worker" in COMPUTER.unavailable()
        queue.announce("bubblewrap cannot make a sandbox here: no")
        queue.forget_known()
        assert INTERPRETER.unavailable() == "bubblewrap cannot make a sandbox here: no"
        redis.client().delete("sandbox:announced")
