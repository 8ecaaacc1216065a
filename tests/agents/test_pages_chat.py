"""The playground, the run pages, the models page and home."""

from agent_app import markdown
from agent_app.models import Context, Provider, Run
from tests.agents.page_world import HTMX, make_agent, make_world
from tests.agents.world import make_provider
from tests.cast import Cast


def test_an_empty_chat_offers_the_starters(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    page = cast.carol.browser().get(f"/agents/{agent.id}/chat/").content.decode()
    assert "Where is my parcel?" in page
    assert f'data-chat-run-url-value="/api/v1/agents/{agent.id}/run/"' in page
    assert "data-run-id" not in page


def test_a_conversation_is_shown_with_safe_markdown(cast: Cast) -> None:
    world = make_world(cast.alice, answer="**Bold** <script>alert(1)</script>")
    page = cast.alice.browser().get(f"/agents/{world.agent.id}/chat/{world.conversation.id}/").content.decode()
    assert "<strong>Bold</strong>" in page
    assert "<script>alert" not in page
    assert "Where is &lt;b&gt;it&lt;/b&gt;?" in page


def test_a_conversation_with_a_live_run_says_where_to_follow_it(cast: Cast) -> None:
    world = make_world(cast.alice, status="running")
    page = cast.alice.browser().get(f"/agents/{world.agent.id}/chat/{world.conversation.id}/").content.decode()
    assert f'data-run-id="{world.run.id}" data-after="0"' in page


def test_a_failed_run_without_answer_says_why(cast: Cast) -> None:
    world = make_world(cast.alice, status="failed", answer="")
    page = cast.alice.browser().get(f"/agents/{world.agent.id}/chat/{world.conversation.id}/").content.decode()
    assert "The provider said no." in page


def test_an_unanswered_message_offers_to_try_again_and_the_answer_it_had(cast: Cast) -> None:
    world = make_world(cast.alice, answer="The earlier answer")
    world.conversation.head = world.run.user_message
    world.conversation.save()
    Run.objects.filter(id=world.run.id).update(status="cancelled")
    page = cast.alice.browser().get(f"/agents/{world.agent.id}/chat/{world.conversation.id}/").content.decode()
    assert "It was stopped before the first word." in page
    assert "Try again" in page
    assert f'name="message" value="{world.run.message_id}"' in page


def test_usage_counts_all_runs_of_the_conversation(cast: Cast) -> None:
    world = make_world(cast.alice)
    Run.objects.filter(id=world.run.id).update(prompt_tokens=1000, completion_tokens=200, credits="1.5000")
    page = cast.alice.browser().get(f"/agents/{world.agent.id}/chat/{world.conversation.id}/").content.decode()
    assert 'data-usage-target="tokens" data-value="1200">1,200<' in page
    assert 'data-usage-target="credits" data-value="1.5000">1.5<' in page


def test_the_composer_offers_the_workspaces_models(cast: Cast) -> None:
    agent = make_agent(cast.alice)
    make_provider(cast.alice, name="ours", model_ids=["big"])
    make_provider(cast.dave, name="theirs", model_ids=["big"])
    page = cast.carol.browser().get(f"/agents/{agent.id}/chat/").content.decode()
    assert '<option value="ours/big">' in page
    assert "theirs/big" not in page


def test_versions_and_contexts_are_offered_to_those_who_may_run_them(cast: Cast) -> None:
    make_provider(cast.alice)
    agent = make_agent(cast.alice, model="fake/m")
    page = f"/agents/{agent.id}/chat/"
    assert 'data-chat-target="version"' not in cast.carol.browser().get(page).content.decode(), (
        "there is only the draft"
    )
    Context.objects.create(workspace_id=cast.alice.workspace_id, agent=agent, name="Europe")
    assert cast.alice.api.post(f"agents/{agent.id}/publish/").status_code == 201
    for path, choices in ((page, ('<option value="draft">', "Europe")), (f"/agents/{agent.id}/compare/", ("Draft",))):
        editors, viewers = (who.browser().get(path).content.decode() for who in (cast.bob, cast.carol))
        assert "Version 1" in editors
        assert "Version 1" in viewers
        assert all(choice in editors for choice in choices)
        assert choices[0] not in viewers


def test_conversations_are_listed_and_searched(cast: Cast) -> None:
    world = make_world(cast.alice)
    browser = cast.alice.browser()
    path = f"/agents/{world.agent.id}/chat/"
    assert "Lost parcel" in browser.get(path, headers=HTMX).content.decode()
    assert "Lost parcel" not in browser.get(path, {"q": "nothing like it"}, headers=HTMX).content.decode()
    assert "answer:grown from:body" in browser.get(path).content.decode(), "a run waits for somebody, or does no more"


def test_a_conversation_belongs_to_its_agent(cast: Cast) -> None:
    world, other = make_world(cast.alice), make_agent(cast.alice)
    assert cast.alice.browser().get(f"/agents/{other.id}/chat/{world.conversation.id}/").status_code == 404


def test_runs_are_filtered_by_status_and_agent(cast: Cast) -> None:
    done, failed = make_world(cast.alice), make_world(cast.alice, status="failed")
    browser = cast.carol.browser()
    assert str(done.run.id) in browser.get("/runs/").content.decode()
    fragment = browser.get("/runs/", {"status": "failed"}, headers=HTMX).content.decode()
    assert str(failed.run.id) in fragment
    assert str(done.run.id) not in fragment
    fragment = browser.get("/runs/", {"agent": str(done.agent.id)}, headers=HTMX).content.decode()
    assert str(failed.run.id) not in fragment
    asked = {"q": str(failed.run.id), "version": "draft", "until": "2026-02-31", "cost": "much", "person": "bob"}
    page = browser.get("/runs/", asked).content.decode()
    assert str(failed.run.id) in page, "what cannot be understood filters nothing"
    assert str(done.run.id) not in page
    assert '<details class="filters-more" open>' in page


def test_a_failed_runs_page_says_what_happened_why_and_what_to_do(cast: Cast) -> None:
    world = make_world(cast.alice, status="failed", answer="")
    page = cast.carol.browser().get(f"/runs/{world.run.id}/").content.decode()
    assert "The run failed" in page
    assert "The provider said no." in page
    world.run.error |= {"cause": "down"}
    world.run.save(update_fields=["error"])
    page = cast.bob.browser().get(f"/runs/{world.run.id}/").content.decode()
    assert f'href="/agents/{world.agent.id}/#model">Add a fallback model</a>' in page
    assert "hx-trigger" not in page.split('id="run"')[1].split(">")[0]
    assert "data-copy-text-value" in page.split('id="run-raw"')[1]


def test_the_end_of_a_run_brings_what_was_recorded_and_stops_asking(cast: Cast) -> None:
    running, ended = make_world(cast.alice, status="running"), make_world(cast.alice)
    browser = cast.carol.browser()
    fragment = browser.get(f"/runs/{running.run.id}/", headers=HTMX).content.decode()
    assert "hx-swap-oob" not in fragment  # what the person has opened is left alone
    fragment = browser.get(f"/runs/{ended.run.id}/", headers=HTMX).content.decode()
    assert "hx-trigger" not in fragment
    assert 'id="run-events"' in fragment
    assert fragment.count('hx-swap-oob="true"') == 2


def test_an_active_runs_page_refreshes_itself_and_can_be_cancelled(cast: Cast) -> None:
    world = make_world(cast.alice, status="queued")
    browser = cast.alice.browser()
    fragment = browser.get(f"/runs/{world.run.id}/", headers=HTMX).content.decode()
    assert 'hx-trigger="every 2s"' in fragment
    assert browser.post(f"/runs/{world.run.id}/cancel/").status_code == 302
    world.run.refresh_from_db()
    assert world.run.status == "cancelled"


def test_a_provider_is_added_masked_and_removed(cast: Cast) -> None:
    browser = cast.alice.browser()
    key = "sk-live-secret-of-alice"  # pragma: allowlist secret
    fields = {
        "type": "custom",
        "name": "acme",
        "base_url": "http://127.0.0.1:9/v1",
        "api_key": key,
        "models": "fast\nlarge",
    }
    assert browser.post("/models/providers/", fields).status_code == 302
    page = browser.get("/models/providers/").content.decode()
    provider = Provider.objects.get(name="acme")
    assert "acme" in page
    assert "large" in page
    assert key not in page
    make_agent(cast.alice, name="Depends on it", model=f"{provider.name}/m")
    make_agent(cast.dave, name="Foreign", model=f"{provider.name}/m")
    question = browser.get(f"/models/providers/{provider.id}/delete/", headers=HTMX).content.decode()
    assert "Depends on it" in question
    assert "Foreign" not in question
    assert Provider.objects.filter(id=provider.id).exists()
    assert browser.post(f"/models/providers/{provider.id}/delete/").status_code == 302
    assert not Provider.objects.exists()


def test_a_wrong_provider_is_answered_with_the_forms_errors(cast: Cast) -> None:
    answer = cast.alice.browser().post(
        "/models/providers/", {"type": "custom", "name": "a/b", "base_url": "http://127.0.0.1:9/v1"}
    )
    assert answer.status_code == 422
    assert not Provider.objects.exists()


def test_only_admins_add_providers(cast: Cast) -> None:
    browser = cast.bob.browser()
    assert "api_key" not in browser.get("/models/providers/").content.decode()
    assert browser.post("/models/providers/", {"type": "custom", "name": "acme"}).status_code == 403


def test_home_shows_where_one_was_and_what_to_do_first(cast: Cast) -> None:
    browser = cast.alice.browser()
    assert "Make your first agent" in browser.get("/").content.decode()
    make_world(cast.alice)
    page = browser.get("/").content.decode()
    assert "Lost parcel" in page
    assert "Latest runs" in page


def test_markdown_renders_code_with_language_and_copy_button() -> None:
    html = markdown.render("```python\nx = '<b>'\n```")
    assert "<figcaption><span>python</span>" in html
    assert 'data-action="copy#copy"' in html
    assert "&lt;b&gt;" in html


def test_markdown_lets_no_script_through() -> None:
    html = markdown.render("[x](javascript:alert(1)) <img src=x onerror=alert(1)> [ok](https://example.com)")
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert 'href="https://example.com"' in html
    assert "noopener" in html
