"""A rate for each model of the catalogue, and classes for what comes after it.

What is there already is not changed: staff may have set it.
"""

from decimal import Decimal
from typing import Any

from django.db import migrations

FRONTIER, LARGE, MIDDLE, SMALL, OPEN = "5", "3", "1.5", "1", "0.5"
RATES = (
    ("openai/gpt-6.2-astra", "GPT-6 Astra", FRONTIER),
    ("openai/gpt-6-astra", "GPT-6 Astra", FRONTIER),
    ("openai/gpt-6.2-sol", "GPT-6 Sol", LARGE),
    ("openai/gpt-6.1-sol", "GPT-6 Sol", LARGE),
    ("openai/gpt-6-sol", "GPT-6 Sol", LARGE),
    ("openai/gpt-6-luna", "GPT-6 Luna", SMALL),
    ("openai/gpt-5.6-sol", "GPT-4 class", LARGE),
    ("openai/gpt-5.6-terra", "GPT-4 class", LARGE),
    ("openai/gpt-5.6-luna", "GPT-3.5 class", SMALL),
    ("openai/gpt-5.5", "GPT-4 class", LARGE),
    ("openai/gpt-5.5-pro", "GPT Pro", "20"),
    ("openai/gpt-5.4", "GPT-4 class", LARGE),
    ("openai/gpt-5.4-mini", "GPT-3.5 class", SMALL),
    ("openai/gpt-5.4-nano", "GPT-3.5 class", SMALL),
    ("openai/gpt-5.2", "GPT-4 class", LARGE),
    ("openai/gpt-5.1", "GPT-4 class", LARGE),
    ("openai/o1", "Reasoning", FRONTIER),
    ("openai/o1-pro", "GPT Pro", "60"),
    ("openai/gpt-4.1-nano", "GPT-3.5 class", SMALL),
    ("anthropic/claude-fable-5-1", "Claude Fable", "6"),
    ("anthropic/claude-2.1", "Claude", LARGE),
    ("anthropic/claude-2.0", "Claude", LARGE),
    ("anthropic/claude-instant-1.2", "Claude Instant", "2"),
    ("google/gemini-pro", "Gemini Pro", MIDDLE),
    ("google/gemini-embedding-001", "Embedding", "0.02"),
    ("openai/text-embedding-3-large", "Embedding", "0.02"),
    ("openai/text-embedding-3-small", "Embedding", "0.02"),
    ("openai/text-embedding-ada-002", "Embedding", "0.02"),
    ("mistral/mistral-embed", "Embedding", "0.02"),
    ("openrouter/openrouter/auto", "Whatever is chosen", FRONTIER),
    ("*claude*fable*", "Claude Fable", "6"),
    ("openai/gpt-*-pro", "GPT Pro", "60"),
    ("*gpt-6*", "GPT-6 class", LARGE),
    ("*gpt*astra*", "GPT-6 Astra", FRONTIER),
    ("*gpt*luna*", "GPT-6 Luna", SMALL),
    ("*gpt-oss*", "Open source", OPEN),
)


def seed(apps: Any, _schema_editor: Any) -> None:
    rate = apps.get_model("billing", "Rate")
    rate.objects.bulk_create(
        [rate(reference=name, label=label, per_1k_tokens=Decimal(price)) for name, label, price in RATES],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("billing", "0004_hold_actor")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
