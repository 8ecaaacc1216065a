"""What ``auto`` chooses, and the reason it gives."""

import pytest

from agent_app.auto import Option, Task, Tier, choose, judge

ALL = {"tools": True, "vision": True}


def option(name: str, **fields: object) -> Option:
    values: dict[str, object] = {"reference": f"p/{name}", "name": name, "capabilities": ALL}
    return Option(**values | fields)  # type: ignore[arg-type]


HAIKU, SONNET, OPUS = (
    option("claude-haiku-4-5", price=1.0),
    option("claude-sonnet-5", price=3.0),
    option("claude-opus-5", price=15.0),
)


@pytest.mark.parametrize(
    ("name", "tier"),
    [
        ("gpt-3.5-turbo", Tier.SIMPLE), ("gpt-4o-mini", Tier.SIMPLE), ("claude-3-haiku-20240307", Tier.SIMPLE),
        ("gemini-2.0-flash", Tier.SIMPLE), ("llama-3.1-8b-instant", Tier.SIMPLE), ("smollm2-135m-instruct", Tier.SIMPLE),
        ("gpt-4", Tier.MEDIUM), ("gpt-4o", Tier.MEDIUM), ("claude-sonnet-4-5", Tier.MEDIUM), ("gemini-1.5-pro", Tier.MEDIUM),
        ("claude-opus-4-5", Tier.HIGH), ("gemini-ultra", Tier.HIGH), ("o1", Tier.HIGH), ("gpt-6.2-astra", Tier.HIGH),
    ],
)  # fmt: skip
def test_models_stand_in_tiers_by_their_names(name: str, tier: Tier) -> None:
    assert option(name).tier is tier


def test_a_name_that_says_nothing_is_judged_by_its_price() -> None:
    tiers = [option("mystery", price=price).tier for price in (0.1, 3.0, 20.0, None)]
    assert tiers == [Tier.SIMPLE, Tier.MEDIUM, Tier.HIGH, Tier.MEDIUM]


@pytest.mark.parametrize(
    ("task", "tier", "reason"),
    [
        (Task(message="Hi!"), Tier.SIMPLE, ""), (Task(message="Translate this.", schema=True), Tier.SIMPLE, "a fixed form"),
        (Task(message="Debug this, please."), Tier.MEDIUM, "reasoning"),
        (Task(message="```python\nx = 1\n```"), Tier.MEDIUM, "code"),
        (Task(message="Where is my parcel?", tools=2, schema=True), Tier.MEDIUM, "tools"),
        (Task(message="Refactor:\n```\nx\n```", tools=1), Tier.HIGH, "code"),
        (Task(message="Summarise.", prompt_tokens=50_000, tools=8), Tier.HIGH, "a very long prompt"),
    ],
)  # fmt: skip
def test_a_task_is_judged_by_what_it_brings(task: Task, tier: Tier, reason: str) -> None:
    found, reasons = judge(task)
    assert found is tier
    assert reason in " ".join(reasons)


def test_a_simple_task_gets_a_cheap_model_and_a_hard_one_a_strong_one() -> None:
    models = [OPUS, HAIKU, SONNET]
    found = [choose(Task(message=text), models) for text in ("Hi!", "Debug this.", "Prove it:\n```\nx\n```")]
    assert [each.option.reference for each in found if each] == [HAIKU.reference, SONNET.reference, OPUS.reference]
    assert found[0] is not None and found[0].why.startswith("A simple task (short, nothing special): the best price")


def test_what_cannot_do_it_is_not_chosen_and_what_is_unknown_may() -> None:
    unable = option("claude-haiku-4-5", capabilities={"tools": False}, price=1.0)
    unknown = option("my-haiku", capabilities={}, price=2.0)
    small = option("haiku-small", context_window=100)
    task = Task(message="Hi!", tools=1, prompt_tokens=1000)
    chosen = choose(task, [unable, small, unknown])
    assert chosen is not None and chosen.option is unknown
    assert choose(task, [unable, small]) is None


def test_rather_too_strong_than_too_weak_and_it_says_so() -> None:
    chosen = choose(Task(message="Debug this."), [HAIKU, OPUS])
    assert chosen is not None and chosen.option is OPUS
    assert "nearest" in chosen.why


def test_preference_comes_before_price_and_trouble_before_speed() -> None:
    preferred = option("other-haiku", price=2.0, preferred=True)
    chosen = choose(Task(message="Hi!"), [HAIKU, preferred])
    assert chosen is not None and chosen.option is preferred
    failing, slow = option("a-haiku", error_rate=0.5, latency=0.1), option("b-haiku", latency=3.0)
    chosen = choose(Task(message="Hi!"), [failing, slow])
    assert chosen is not None and chosen.option is slow


MIXED = [
    option("claude-haiku-4-5", price=1.0, latency=0.4),
    option("claude-sonnet-5", price=3.0, latency=0.9),
    option("gpt-6.1-sol", price=2.0, latency=2.0),
    option("claude-opus-5", price=15.0, latency=0.2),
]


@pytest.mark.parametrize(
    ("preference", "message", "name", "why"),
    [
        ("quality", "Hi!", "claude-opus-5", "the strongest of 4"), ("cost", "Debug this.", "gpt-6.1-sol", "the cheapest of 4"),
        ("cost", "Hi!", "claude-haiku-4-5", "the cheapest of 4"), ("speed", "Debug this.", "claude-opus-5", "the fastest of 4"),
        ("speed", "Hi!", "claude-opus-5", "the fastest of 4"), ("balanced", "Hi!", "claude-haiku-4-5", "the best price"),
    ],
)  # fmt: skip
def test_what_the_agent_prefers_decides_among_those_that_are_strong_enough(
    preference: str, message: str, name: str, why: str
) -> None:
    chosen = choose(Task(message=message, preference=preference), MIXED)
    assert chosen is not None
    assert (chosen.option.name, why in chosen.why) == (name, True), chosen.why


def test_a_model_that_is_too_weak_is_not_taken_for_being_cheap_or_fast() -> None:
    for preference in ("cost", "speed"):
        chosen = choose(Task(message="Debug this.", preference=preference), [HAIKU])
        assert chosen is not None and "nearest" in chosen.why
        chosen = choose(Task(message="Debug this.", preference=preference), [HAIKU, SONNET])
        assert chosen is not None and chosen.option is SONNET
