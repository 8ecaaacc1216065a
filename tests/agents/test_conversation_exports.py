"""A conversation as a file: JSON that says everything again, Markdown that a person reads."""

import json
from typing import Any

import pytest

from agent_app import exports
from agent_app.models import Conversation, Message, RunEvent
from tests.agents.page_world import World, make_world
from tests.cast import Cast
from tests.community.files_world import make_file

TEXT = 'Snowman ☃, "quotes", \\ and ``` fences\n\n| a | b |'


@pytest.fixture
def world(cast: Cast) -> World:
    return make_world(cast.alice, answer=TEXT)


def export(cast: Cast, world: World, kind: str = "") -> Any:
    return cast.alice.api.get(f"conversations/{world.conversation.id}/export/", {"format": kind} if kind else None)


def events(world: World, *found: dict[str, Any]) -> None:
    for seq, event in enumerate(found, start=1):
        RunEvent.objects.create(run=world.run, seq=seq, type=event["type"], data=json.dumps(event))


def test_json_says_again_what_was_said(cast: Cast, world: World) -> None:
    file = make_file(cast.alice, name="label.png", mime="image/png")
    Message.objects.filter(id=world.run.user_message_id).update(attachments=[file.id])
    cast.alice.api.put(
        f"conversations/{world.conversation.id}/messages/{world.run.message_id}/feedback/", {"rating": "up"}
    )
    answer = export(cast, world)
    document = json.loads(answer.content)
    question, said = document["messages"]
    assert answer["Content-Type"] == "application/json"
    assert (document["format"], document["title"], document["head_id"]) == (
        "troupe.conversation", "Lost parcel", str(world.run.message_id)
    )  # fmt: skip
    assert (said["content"], said["parent_id"], said["feedback"]["rating"]) == (TEXT, question["id"], "up")
    assert question["attachments"][0]["name"] == "label.png"


def test_every_branch_is_in_the_json_and_the_shown_one_in_the_markdown(cast: Cast, world: World) -> None:
    Message.objects.create(
        workspace_id=cast.alice.workspace_id, conversation=world.conversation, role="assistant", content="Other answer",
        parent_id=world.run.user_message_id,
    )  # fmt: skip
    assert "Other answer" in export(cast, world).content.decode()
    text = export(cast, world, "md").content.decode()
    assert "Other answer" not in text
    assert TEXT in text


def test_tool_calls_are_readable(cast: Cast, world: World) -> None:
    events(
        world,
        {"type": "tool_use_start", "call_id": "c1", "tool_name": "search", "arguments": {"q": "```"}},
        {"type": "tool_use_complete", "call_id": "c1", "result": "3 hits", "duration_ms": 12, "is_error": False},
        {"type": "tool_use_start", "call_id": "c2", "tool_name": "mail", "arguments": "{}"},
    )
    calls = json.loads(export(cast, world).content)["messages"][1]["tool_calls"]
    assert [(call["tool_name"], call.get("result")) for call in calls] == [("search", "3 hits"), ("mail", None)]
    text = export(cast, world, "md").content.decode()
    assert "**Tool `search`**" in text
    assert "3 hits" in text
    assert "````" in text, "the arguments' own fence does not end the block"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("../../etc/passwd", "-..-etc-passwd.md"),
        ('a"b\r\nSet-Cookie: x', "a-bSet-Cookie- x.md"),
        ("", "conversation.md"),
        ("x" * 500, "x" * 80 + ".md"),
        ("Grüße 🎉", "Grüße 🎉.md"),
    ],
)
def test_the_files_name_is_safe(title: str, name: str) -> None:
    assert exports.file_name(Conversation(title=title), "md") == name


def test_a_format_that_is_not_there_and_a_strangers_conversation(cast: Cast, world: World) -> None:
    assert export(cast, world, "docx").status_code == 400
    assert cast.bob.api.get(f"conversations/{world.conversation.id}/export/").status_code == 404
    disposition = export(cast, world, "md")["Content-Disposition"]
    assert disposition == 'attachment; filename="Lost parcel.md"'


def test_the_pages_menu_leads_to_both(cast: Cast, world: World) -> None:
    browser, base = cast.alice.browser(), f"/conversations/{world.conversation.id}/export/?format="
    page = browser.get(f"/agents/{world.agent.id}/chat/{world.conversation.id}/").content.decode()
    for ending in ("md", "json"):
        assert f'href="{base}{ending}"' in page
        assert browser.get(f"{base}{ending}").status_code == 200
    assert browser.get(f"{base}exe").status_code == 400
