"""A real browser in its sandbox, asked over the queue: what a run does in it, and what hostile pages cannot do."""

import json
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import pytest

from agent_app.models import ToolCall
from agent_app.tools import browsing
from agent_app.tools.computer import ComputerTool
from agent_app.tools.registry import ToolFailed
from agent_app.tools.sandbox import queue
from agent_app.tools.sandbox.browser import sessions
from billing.models import Rate
from community.models import AuditEntry, StoredFile
from config.lib import redis
from tests.agents.call_world import called, context_of, on_loop, tool_of
from tests.agents.sandbox_world import SandboxWorker, started
from tests.agents.world import execute, make_agent, make_provider, start
from tests.cast import Cast
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script
from tests.fakes.script import ToolCall as Asked
from tests.fakes.site import Site

pytestmark = [
    pytest.mark.skipif(bool(sessions.unavailable()), reason=f"no browser can be had here: {sessions.unavailable()}"),
    pytest.mark.django_db(transaction=True),
]
COMPUTER = ComputerTool()


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("var")


@pytest.fixture(scope="module")
def worker(var: Path) -> Iterator[SandboxWorker]:
    """One whose browsers may go to 127.0.0.1, as an operator would allow it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OUTBOUND_ALLOWED_HOSTS", "127.0.0.1")
        patch.setenv("OF_THE_WORKER", "secret")
        with started(var) as running:
            yield running


@pytest.fixture(autouse=True)
def same_files(settings: Any, var: Path) -> None:
    settings.VAR_DIR = var
    settings.OUTBOUND_ALLOWED_HOSTS = ["127.0.0.1"]
    local = settings.STORAGES["files"] | {"OPTIONS": {"location": var / "files", "file_permissions_mode": 0o600}}
    settings.STORAGES = settings.STORAGES | {"files": local}


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


def page(site: Site, path: str, body: str) -> None:
    site.answers(path, f"<!doctype html><title>{path}</title>{body}", content_type="text/html")


HOSTILE = """<body>
<script>
  for (const url of ["http://localhost:PORT/inside", "http://169.254.169.254/latest/", "http://[::1]:PORT/inside", "/away", "http://127.0.0.1:3128/"])
    fetch(url, {mode: "no-cors"}).then(() => document.body.append("REACHED " + url), () => document.body.append("refused "));
  new WebSocket("ws://localhost:PORT/inside").onopen = () => document.body.append("REACHED socket");
  window.open("/popup");
  alert("Type your password");
  const link = document.createElement("a"); link.href = "/download"; link.download = "x.exe"; document.body.append(link); link.click();
</script>
<iframe src="file:///etc/passwd"></iframe><iframe src="http://localhost:PORT/inside"></iframe></body>"""


def secrets_of_browsers() -> list[str]:
    """The processes of browsers, and of what drives them, that know what the worker was started with."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            name = process.exe() or ""
            if "OF_THE_WORKER" in process.environ() and name.endswith(("/node", "/bwrap", "chromium", "chrome")):
                found.append(name)
    return found


@pytest.mark.usefixtures("worker")
def test_hostile_pages_reach_nothing_and_end_nothing_but_themselves(
    cast: Cast, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = f"localhost:{site.port}"
    page(site, "/", HOSTILE.replace("PORT", str(site.port)))
    page(site, "/popup", "a window")
    page(site, "/spin", "<button onclick='while (true) {}' style='position:fixed;inset:0'>go</button>")
    eats = "const all = []; for (;;) all.push(new Uint8Array(5e7).fill(1))"
    page(site, "/eat", f"<button onclick='{eats}' style='position:fixed;inset:0'>go</button>")
    site.leads("/away", f"http://{inside}/inside")
    site.answers("/download", b"MZ", headers={"Content-Disposition": "attachment; filename=x.exe"})
    tool = tool_of(COMPUTER, allowed_hosts=[f"127.0.0.1:{site.port}"])
    run = uuid4()
    context = context_of(cast.alice, run_id=run, timeout_s=60)

    async def does(key: str, **arguments: Any) -> Any:
        return (await called(COMPUTER, tool, f"browser_{key}", arguments, context)).value

    async def fails(key: str, **arguments: Any) -> ToolFailed:
        with pytest.raises(ToolFailed) as failed:
            await does(key, **arguments)
        return failed.value

    async def work() -> None:
        assert (await fails("read")).code == "no_page"
        for url in (
            "file:///etc/passwd",
            "chrome://version",
            f"http://{inside}/",
            "http://169.254.169.254/",
            "http://127.0.0.1/",
        ):
            assert (await fails("open", url=url)).code == "address_refused"
        opened = await does("open", url=f"{site.base_url}/")
        refused, notes = 0, " ".join(opened.get("notes", ()))
        for _ in range(200):  # the page is hostile in its own time
            read = await does("read")
            assert "REACHED" not in read["text"]
            refused = read["text"].count("refused")
            notes = " ".join([notes, *read.get("notes", ())])
            if refused >= 4 and all(word in notes for word in ("a window", "your password", "download")):
                break
        assert refused >= 4, read
        assert secrets_of_browsers() == [], "neither the browser nor what drives it has the worker's environment"
        assert f"{inside} is not one of the allowed hosts" in notes
        assert "wanted to open a window" in notes and "Type your password" in notes and "download" in notes
        assert (await fails("open", url=f"{site.base_url}/away")).code == "browser"  # led on to where it may not go
        await does("open", url=f"{site.base_url}/spin")
        context.timeout_s = 4
        spun = await fails("click", x=100, y=100)
        assert spun.code == "timeout" and "was closed" in spun.message
        assert (await fails("read")).code == "no_page"
        await does("open", url=f"{site.base_url}/eat")
        monkeypatch.setattr(browsing, "_LONGEST", 120.0)  # it fills a gigabyte, however busy the machine is
        context.timeout_s = 128
        assert (await fails("click", x=100, y=100)).code == "limit"

    on_loop(work())
    assert not any(seen.path == "/inside" for seen in site.seen)
    assert not any("localhost" in seen.headers["host"] for seen in site.seen)
    entries = AuditEntry.objects.filter(action="tool.computer", object_id=run)
    assert {entry.after["exit"] for entry in entries} == {
        "ok",
        "no_page",
        "address_refused",
        "browser",
        "timeout",
        "limit",
    }
    assert all(entry.after["duration_ms"] >= 0 and "arguments" in entry.after for entry in entries)


FORM = """<form action="found"><input name="q" autofocus style="position:fixed;left:0;top:0;width:200px;height:40px"></form>"""


@pytest.mark.usefixtures("worker")
def test_a_model_works_in_a_browser_that_ends_with_its_run(cast: Cast, site: Site) -> None:
    """Here one that may see a part of a site."""
    page(site, "/shop/", f"{FORM}<img src='/logo'><iframe src='/admin'></iframe>")
    page(site, "/shop/found", "<h1>Seven results</h1>")
    page(site, "/admin", "<script>history.pushState(0, '', '/shop/found')</script>The keys")
    site.leads("/shop/away", f"{site.base_url}/admin")
    queue.forget_known()
    Rate.objects.filter(reference="tool/computer").update(per_call=Decimal("0.1"))
    allowed = [f"127.0.0.1:{site.port}/shop"]
    tool = {"name": "web", "type": "computer", "params": {"allowed_hosts": allowed}, "timeout_s": 60}
    asked = [
        ("browser_open", {"url": f"{site.base_url}/shop/"}), ("browser_type", {"text": "seven", "submit": True}),
        ("browser_screenshot", {}), ("browser_open", {"url": f"{site.base_url}/admin"}),
        ("browser_open", {"url": f"{site.base_url}/shop/away"}), ("browser_read", {}),
    ]  # fmt: skip
    with FakeOpenAI() as provider:
        make_provider(cast.alice, provider.base_url)
        agent = make_agent(cast.alice, model="fake/m")
        saved = cast.alice.api.patch(f"agents/{agent.id}/", {"tools": [tool]})
        assert saved.status_code == 200, saved.content
        calls = [Script(tool_calls=(Asked(name, json.dumps(arguments)),)) for name, arguments in asked]
        provider.queue(*calls, Script(deltas=("Seven.",)))
        run = execute(start(cast.alice, agent))
        assert (run.status, run.output) == ("succeeded", "Seven."), (run.reason, run.error)
        last = provider.exchanges[3].body["messages"]
    assert ("/shop/found", {"q": ["seven"]}) in [(seen.path, seen.query) for seen in site.seen]
    assert "/logo" in [seen.path for seen in site.seen], "what a page shows is not asked about"
    assert [seen.path for seen in site.seen].count("/admin") == 1, "where the server has led to, and no more"
    rows = list(ToolCall.objects.filter(run=run).order_by("started_at"))
    assert [row.tool_name for row in rows] == [name for name, _arguments in asked]
    assert all(row.status == "succeeded" and row.credits for row in rows[:3]), [row.error for row in rows]
    assert f"{site.base_url}/admin is not where" in json.loads(rows[0].result)["notes"][0]
    assert [row.error.get("code") for row in rows[3:5]] == ["address_refused"] * 2
    assert (json.loads(rows[5].result)["url"], "The keys" in rows[5].result) == ("about:blank", False)
    told = json.loads(rows[2].result)
    assert (told["url"], told["title"]) == (f"{site.base_url}/shop/found?q=seven", "/shop/found")
    file = StoredFile.objects.get(id=told["file"]["id"], workspace_id=cast.alice.workspace_id)
    assert (file.name, file.mime) == ("127.0.0.1.jpg", "image/jpeg")
    assert [each["role"] for each in last[-2:]] == ["tool", "user"], "a picture follows the answer"
    assert last[-1]["content"][1]["image_url"]["url"].startswith("data:image/jpeg;base64,")
    assert not redis.client().exists(queue.alive_key(str(run.id)))
    assert f'href="/files/{file.id}/"' in cast.alice.browser().get(f"/runs/{run.id}/").content.decode()
