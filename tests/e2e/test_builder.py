"""The builder's behaviours that only a browser has: menus, fields of an output type, the order of fallbacks, uploads."""

import re
from contextlib import AbstractContextManager
from typing import Any

from playwright.sync_api import Page, expect

from tests.e2e.conftest import PHONE
from tests.e2e.world import World


def make_agent(world: World, **fields: Any) -> str:
    body = {"name": "Sorter", "description": "Sorts.", "model": "fake/m", **fields}
    return str(world.person.create("/agents/", body)["id"])


def stored(world: World, agent_id: str) -> Any:
    return world.person.request("GET", f"/agents/{agent_id}/", expect=200).json()


def saving(page: Page, text: str) -> AbstractContextManager[Any]:
    """What is done inside is saved: the page sends ``text`` with it, and the server takes it."""
    return page.expect_response(
        lambda answer: answer.url.endswith("/save/") and answer.ok and text in (answer.request.post_data or "")
    )


def test_instructions_are_written_with_menus_by_keyboard_and_by_touch(alices_page: Page, world: World) -> None:
    page, agent_id = alices_page, make_agent(world, handoffs=[{"target_agent_id": world.places["agent_id"]}])
    page.goto(f"/agents/{agent_id}/")
    field = page.locator("#id_instructions")
    field.press_sequentially("Greet /")
    menu = page.get_by_role("listbox", name="What can be put in")
    expect(menu.get_by_role("option")).to_have_count(2)
    expect(page.get_by_role("combobox", name="Instructions")).to_have_attribute("aria-expanded", "true")
    field.press_sequentially("us")
    expect(menu.get_by_role("option")).to_have_count(1)
    field.press("Enter")
    expect(field).to_have_value("Greet {{ user.name }}")
    expect(menu).to_be_hidden()
    field.press_sequentially(" and/or @")
    expect(menu.get_by_role("option", name="transfer_to_refund_specialist")).to_be_visible()
    field.press("Escape")
    expect(menu).to_be_hidden()
    page.set_viewport_size(PHONE)
    field.fill("Ask")
    page.get_by_role("button", name="handoff, context or file").click()
    expect(menu).to_be_visible()
    box = menu.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
    with saving(page, "Ask @transfer_to_refund_specialist"):
        menu.get_by_role("option").click()
    expect(field).to_have_value("Ask @transfer_to_refund_specialist")
    assert stored(world, agent_id)["instructions"] == "Ask @transfer_to_refund_specialist"


def test_an_output_type_is_made_of_fields_and_looked_at_as_json(alices_page: Page, world: World) -> None:
    page, agent_id = alices_page, make_agent(world)
    page.goto(f"/agents/{agent_id}/")
    kind = page.get_by_label("Every answer is")
    kind.select_option("classification")
    with saving(page, '"two"'):
        page.get_by_label("Labels, one a line").fill("one\ntwo")
    assert stored(world, agent_id)["output_type"] == {"type_name": "classification", "labels": ["one", "two"]}
    kind.select_option("json_schema")
    own = page.locator("[data-kind=json_schema]")
    with saving(page, '"loud"'):
        own.get_by_label("Name of the field").fill("mood")
        own.get_by_label("Allowed values, separated by commas").fill("calm, loud")
    own.get_by_role("button", name="JSON Schema").click()
    raw = page.locator("#output-raw")
    expect(raw).to_have_value(re.compile('"mood"'))
    with saving(page, '"quiet"'):
        raw.fill(raw.input_value().replace('"calm"', '"quiet"'))
    own.get_by_role("button", name="Fields", exact=True).click()
    expect(own.get_by_label("Allowed values, separated by commas")).to_have_value("quiet, loud")
    schema = {"mood": {"type": "string", "enum": ["quiet", "loud"]}}
    assert stored(world, agent_id)["output_type"]["schema"]["properties"] == schema
    page.reload()
    expect(own.get_by_label("Name of the field")).to_have_value("mood")


def test_fallbacks_are_put_in_order_and_tags_are_taken_back(alices_page: Page, world: World) -> None:
    page, local = alices_page, "local/smollm2-135m-instruct"
    agent_id = make_agent(world, fallback_models=["auto"])
    page.goto(f"/agents/{agent_id}/")
    page.get_by_label("If it fails, then").select_option(local)
    with saving(page, f"{local}\r\nauto"):  # as forms are sent
        page.get_by_role("button", name=f"Ask it earlier: {local}").click()
    assert stored(world, agent_id)["fallback_models"] == [local, "auto"]
    page.goto("/agents/")
    page.get_by_label("Select Sorter").first.check()
    page.get_by_role("button", name="Tags…").click()
    page.get_by_label("Add").fill("later")
    page.get_by_role("button", name="Change the tags").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("1 agent has its tags back.")).to_be_visible()
    assert not any(
        "later" in each["tags"] for each in world.person.request("GET", "/agents/", expect=200).json()["results"]
    )


def test_files_are_added_and_removed_in_place_and_typing_goes_on_saving(alices_page: Page, world: World) -> None:
    page, agent_id = alices_page, make_agent(world)
    page.goto(f"/agents/{agent_id}/")
    section = page.get_by_role("region", name="Files")
    given = [{"name": name, "mimeType": "text/plain", "buffer": b"Five."} for name in ("prices.txt", "places.txt")]
    section.get_by_label("Add files").set_input_files(given)  # type: ignore[arg-type]
    expect(section.get_by_role("listitem")).to_have_count(2)
    expect(section.get_by_label("Add files")).to_have_value("")
    expect(page.get_by_role("link", name="Files")).to_contain_text("2")
    with saving(page, "Reads the prices"):
        page.get_by_label("Description").first.fill("Reads the prices.")
    expect(page.locator("form[data-autosave-state=saved]")).to_be_visible()  # the page has the answer too
    section.get_by_role("button", name="Take places.txt from the agent").click()
    expect(section.get_by_role("listitem")).to_have_count(1)
    with saving(page, "Reads one file"):
        page.get_by_label("Description").first.fill("Reads one file.")
    assert stored(world, agent_id)["description"] == "Reads one file."
