"""The prices and plans to begin with, and an account for each workspace that exists (``sweep`` gives sign-up credits).

What is here is edited in the admin afterwards; this migration never changes a row that is there.
"""

from decimal import Decimal
from typing import Any

from django.db import migrations

# Credits per 1,000 tokens. An exact name beats a class, a longer class beats a shorter one.
MODELS = (
    ("local/smollm2-135m-instruct", "Local", "0.5"),
    ("openai/gpt-3.5-turbo", "GPT-3.5 class", "1"),
    ("openai/gpt-4", "GPT-4 class", "3"),
    ("openai/gpt-4-turbo", "GPT-4 class", "3"),
    ("openai/gpt-4o", "GPT-4 class", "3"),
    ("openai/gpt-4o-mini", "GPT-3.5 class", "1"),
    ("openai/gpt-4.1", "GPT-4 class", "3"),
    ("openai/gpt-4.1-mini", "GPT-3.5 class", "1"),
    ("openai/gpt-4.1-nano", "GPT-3.5 class", "1"),
    ("openai/gpt-5", "GPT-4 class", "3"),
    ("openai/gpt-5-mini", "GPT-3.5 class", "1"),
    ("openai/gpt-5-nano", "GPT-3.5 class", "1"),
    ("openai/o3", "Reasoning", "5"),
    ("openai/o3-mini", "GPT-4 class", "3"),
    ("openai/o4-mini", "GPT-4 class", "3"),
    ("google/gemini-1.5-pro", "Gemini Pro", "1.5"),
    ("google/gemini-2.5-pro", "Gemini Pro", "1.5"),
    ("google/gemini-2.5-flash", "Gemini Flash", "1"),
    ("google/gemini-ultra", "Gemini Ultra", "4"),
    ("deepseek/deepseek-chat", "Open source", "0.5"),
    ("deepseek/deepseek-reasoner", "Open source", "0.5"),
    ("mistral/mistral-large-latest", "Open source", "0.5"),
    ("mistral/mistral-small-latest", "Open source", "0.5"),
    ("groq/llama-3.3-70b-versatile", "Open source", "0.5"),
    ("*gpt-3.5*", "GPT-3.5 class", "1"),
    ("*gpt-4*", "GPT-4 class", "3"),
    ("*gpt-5*", "GPT-4 class", "3"),
    ("*claude*haiku*", "Claude Haiku", "2"),
    ("*claude*sonnet*", "Claude Sonnet", "3"),
    ("*claude*opus*", "Claude Opus", "5"),
    ("*gemini*pro*", "Gemini Pro", "1.5"),
    ("*gemini*flash*", "Gemini Flash", "1"),
    ("*gemini*ultra*", "Gemini Ultra", "4"),
    ("local/*", "Local", "0.5"),
    ("huggingface/*", "Open source", "0.5"),
    ("groq/*", "Open source", "0.5"),
    ("mistral/*", "Open source", "0.5"),
    ("deepseek/*", "Open source", "0.5"),
    ("*llama*", "Open source", "0.5"),
    ("*qwen*", "Open source", "0.5"),
    ("*mistral*", "Open source", "0.5"),
    ("*deepseek*", "Open source", "0.5"),
    ("*", "Other models", "3"),
    ("embedding/local/*", "Local embedding", "0"),
    ("embedding/*", "Embedding", "0.02"),
)
# Credits per call, and per 1,000 tokens of context.
TOOLS = (
    ("tool/web_search", "Web search", "2", "0"),
    ("tool/file_search", "File search", "1", "0.5"),
    ("tool/computer", "Computer", "3", "0"),
    ("tool/*", "Other tools", "0", "0"),
)
LIMITS = {"queued_runs": 1000}
PLANS = (
    ("free", "Free", 0, 0, 0, 0, {"concurrent_runs": 5, "members": 1, "schedule_seconds": 300, "run_log_days": 30}),
    ("basic", "Basic", 20, 192, 100, 20, {"concurrent_runs": 20, "members": 1, "schedule_seconds": 60, "run_log_days": 90}),
    ("pro", "Pro", 50, 480, 300, 30, {"concurrent_runs": 50, "members": 20, "schedule_seconds": 60, "run_log_days": 365}),
    ("enterprise", "Enterprise", None, None, None, 0,
     {"concurrent_runs": 0, "members": 0, "schedule_seconds": 60, "run_log_days": 365}),
)  # fmt: skip


def seed(apps: Any, _schema_editor: Any) -> None:
    rate, plan = apps.get_model("billing", "Rate"), apps.get_model("billing", "Plan")
    rows = [rate(reference=name, label=label, per_1k_tokens=Decimal(price)) for name, label, price in MODELS]
    rows += [
        rate(reference=name, label=label, per_call=Decimal(call), per_1k_tokens=Decimal(tokens))
        for name, label, call, tokens in TOOLS
    ]
    rate.objects.bulk_create(rows, ignore_conflicts=True)
    plans = [
        plan(
            slug=slug, name=name, position=position, price_month=month, price_year=year, credits_month=credits,
            discount=discount, limits=LIMITS | limits,
        )
        for position, (slug, name, month, year, credits, discount, limits) in enumerate(PLANS)
    ]  # fmt: skip
    plan.objects.bulk_create(plans, ignore_conflicts=True)


def open_accounts(apps: Any, _schema_editor: Any) -> None:
    account = apps.get_model("billing", "CreditAccount")
    free = apps.get_model("billing", "Plan").objects.get(slug="free")
    workspaces = apps.get_model("community", "Workspace").objects.values_list("id", flat=True)
    account.objects.bulk_create(
        (account(workspace_id=workspace, plan=free) for workspace in workspaces.iterator()),
        batch_size=1000,
        ignore_conflicts=True,
    )


SETTLED = "UPDATE billing_hold SET state = 'settled' WHERE settled_at IS NOT NULL"


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_ledger")]
    operations = [
        migrations.RunPython(seed, migrations.RunPython.noop),
        migrations.RunPython(open_accounts, migrations.RunPython.noop),
        migrations.RunSQL(SETTLED, migrations.RunSQL.noop),
    ]
