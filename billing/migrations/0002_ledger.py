"""Accounts, lots, entries, holds, prices and plans. What was a usage record is the hold of its step."""

import django.db.models.deletion
import django.db.models.expressions
import django.utils.timezone
from django.db import migrations, models

import config.lib.ids

TRIGGER = """
CREATE FUNCTION billing_ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ledger entries are append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER billing_ledger_append_only BEFORE UPDATE OR DELETE ON billing_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION billing_ledger_append_only();
CREATE TRIGGER billing_ledger_not_emptied BEFORE TRUNCATE ON billing_ledgerentry
    FOR EACH STATEMENT EXECUTE FUNCTION billing_ledger_append_only();
"""
NO_TRIGGER = """
DROP TRIGGER billing_ledger_not_emptied ON billing_ledgerentry;
DROP TRIGGER billing_ledger_append_only ON billing_ledgerentry;
DROP FUNCTION billing_ledger_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0001_initial"),
        ("community", "0002_audit_append_only"),
    ]

    operations = [
        migrations.CreateModel(
            name="CreditAccount",
            fields=[
                (
                    "id",
                    models.UUIDField(default=config.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("balance", models.DecimalField(decimal_places=4, default=0, max_digits=14)),
                ("held", models.DecimalField(decimal_places=4, default=0, max_digits=14)),
                (
                    "latest_hold",
                    models.DecimalField(
                        decimal_places=4,
                        default=0,
                        help_text="What the latest hold took: a statement cannot return what it overwrote.",
                        max_digits=14,
                    ),
                ),
                (
                    "credit_line",
                    models.DecimalField(
                        decimal_places=4, default=0, help_text="How far the balance may go below zero.", max_digits=14
                    ),
                ),
                (
                    "entries",
                    models.PositiveBigIntegerField(
                        default=0, help_text="How many entries there are, and so the last number."
                    ),
                ),
                (
                    "next_expiry_at",
                    models.DateTimeField(blank=True, help_text="When the next of its lots expires.", null=True),
                ),
                (
                    "last_grant",
                    models.DecimalField(
                        decimal_places=4,
                        default=0,
                        help_text="The amount of the latest grant; a fifth of it is low.",
                        max_digits=14,
                    ),
                ),
                (
                    "notice_at",
                    models.DecimalField(
                        blank=True,
                        decimal_places=4,
                        help_text="The balance under which the owner wants to be told.",
                        max_digits=14,
                        null=True,
                    ),
                ),
                (
                    "workspace",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="credit_account",
                        to="community.workspace",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Grant",
            fields=[
                (
                    "id",
                    models.UUIDField(default=config.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("signup", "Sign-up"),
                            ("plan", "Plan"),
                            ("purchase", "Purchase"),
                            ("promo", "Promotion"),
                            ("gift", "Gift"),
                            ("refund", "Refund"),
                            ("adjustment", "Adjustment"),
                            ("credit_line", "Credit line settled"),
                        ],
                        max_length=16,
                    ),
                ),
                ("amount", models.DecimalField(decimal_places=4, max_digits=14)),
                ("remaining", models.DecimalField(decimal_places=4, max_digits=14)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="grants", to="billing.creditaccount"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="community.workspace"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="LedgerEntry",
            fields=[
                (
                    "id",
                    models.UUIDField(default=config.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField()),
                ("workspace_id", models.UUIDField()),
                ("number", models.PositiveBigIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("grant", "Grant"),
                            ("charge", "Charge"),
                            ("release", "Hold released"),
                            ("expiry", "Expired"),
                            ("claw_back", "Clawed back"),
                            ("adjustment", "Adjustment"),
                        ],
                        max_length=12,
                    ),
                ),
                ("amount", models.DecimalField(decimal_places=4, max_digits=14)),
                ("balance_after", models.DecimalField(decimal_places=4, max_digits=14)),
                ("idempotency_key", models.CharField(max_length=200, unique=True)),
                ("reference", models.CharField(blank=True, max_length=200)),
                ("note", models.CharField(blank=True, max_length=500)),
                ("model", models.CharField(blank=True, max_length=260)),
                ("run_id", models.UUIDField(blank=True, null=True)),
                ("grant_id", models.UUIDField(blank=True, null=True)),
                ("actor_id", models.UUIDField(blank=True, null=True)),
                ("price", models.JSONField(blank=True, default=dict)),
                ("lots", models.JSONField(blank=True, default=dict)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="ledger", to="billing.creditaccount"
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "ledger entries",
            },
        ),
        migrations.CreateModel(
            name="LowBalance",
            fields=[
                (
                    "id",
                    models.UUIDField(default=config.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[("grant", "A fifth of the last grant"), ("chosen", "The number the owner chose")],
                        max_length=10,
                    ),
                ),
                ("threshold", models.DecimalField(decimal_places=4, max_digits=14)),
                ("balance", models.DecimalField(decimal_places=4, max_digits=14)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="low_balances",
                        to="billing.creditaccount",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="community.workspace"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Plan",
            fields=[
                (
                    "id",
                    models.UUIDField(default=config.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("slug", models.SlugField(max_length=40, unique=True)),
                ("name", models.CharField(max_length=60)),
                ("position", models.PositiveSmallIntegerField(default=0)),
                (
                    "price_month",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        help_text="US dollars. Empty: by contract.",
                        max_digits=10,
                        null=True,
                    ),
                ),
                ("price_year", models.DecimalField(blank=True, decimal_places=2, max_digits=10, null=True)),
                (
                    "credits_month",
                    models.DecimalField(
                        blank=True,
                        decimal_places=4,
                        help_text="Granted each month. Empty: by contract.",
                        max_digits=14,
                        null=True,
                    ),
                ),
                ("discount", models.PositiveSmallIntegerField(default=0, help_text="Percent off credit packages.")),
                (
                    "limits",
                    models.JSONField(
                        blank=True, default=dict, help_text="Limits by name (billing/limits.py). 0: none."
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("discount__lte", 100)), name="plan_discount")
                ],
            },
        ),
        migrations.AddField(
            model_name="creditaccount",
            name="plan",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="accounts", to="billing.plan"
            ),
        ),
        migrations.RenameModel("UsageRecord", "Hold"),
        migrations.RemoveConstraint(model_name="hold", name="usage_step_once"),
        migrations.AddField(
            "hold",
            "account",
            models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="holds", to="billing.creditaccount"
            ),
        ),
        migrations.AddField("hold", "attempt", models.PositiveSmallIntegerField(default=1)),
        migrations.AddField(
            "hold",
            "state",
            models.CharField(
                choices=[("open", "Open"), ("settled", "Settled"), ("released", "Released")],
                default="open",
                max_length=10,
            ),
        ),
        migrations.AddField("hold", "amount", models.DecimalField(decimal_places=4, default=0, max_digits=14)),
        migrations.AddField(
            "hold",
            "price",
            models.JSONField(default=dict, help_text="The price when the step began: it holds for this step."),
        ),
        migrations.AddField(
            "hold",
            "max_tokens",
            models.PositiveIntegerField(help_text="How long the answer may be. Empty: no limit of ours.", null=True),
        ),
        migrations.AddField(
            "hold",
            "since_seq",
            models.PositiveIntegerField(default=0, help_text="The run's last event before the step."),
        ),
        migrations.AddField(
            "hold",
            "shortfall",
            models.DecimalField(
                decimal_places=4, default=0, help_text="What the step cost beyond what the account had.", max_digits=14
            ),
        ),
        migrations.AddField(
            "hold", "lease_expires_at", models.DateTimeField(default=django.utils.timezone.now), preserve_default=False
        ),
        migrations.AlterField(
            "hold",
            "prompt_tokens",
            models.PositiveIntegerField(default=0, help_text="Counted by us until the step is settled."),
        ),
        migrations.AlterField(
            "hold",
            "exact",
            models.BooleanField(
                default=True, help_text="False where the provider did not say and the tokens were counted."
            ),
        ),
        migrations.CreateModel(
            name="Rate",
            fields=[
                (
                    "id",
                    models.UUIDField(default=config.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("reference", models.CharField(max_length=260, unique=True)),
                (
                    "label",
                    models.CharField(blank=True, help_text="What people read, like “GPT-4 class”.", max_length=80),
                ),
                ("per_1k_tokens", models.DecimalField(decimal_places=4, default=0, max_digits=10)),
                ("per_call", models.DecimalField(decimal_places=4, default=0, max_digits=10)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("per_1k_tokens__gte", 0), ("per_call__gte", 0)), name="rate_not_negative"
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="grant",
            index=models.Index(
                condition=models.Q(("remaining__gt", 0)), fields=["account", "expires_at", "id"], name="grant_to_spend"
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0), ("remaining__gte", 0), ("remaining__lte", models.F("amount"))),
                name="grant_remaining_in_amount",
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "source__in",
                        ["signup", "plan", "purchase", "promo", "gift", "refund", "adjustment", "credit_line"],
                    )
                ),
                name="grant_source",
            ),
        ),
        migrations.AddConstraint(
            model_name="grant",
            constraint=models.UniqueConstraint(
                condition=models.Q(("source", "signup")), fields=("account",), name="grant_signup_once"
            ),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(condition=models.Q(("state", "open")), fields=["lease_expires_at"], name="hold_lease"),
        ),
        migrations.AddIndex(
            model_name="hold",
            index=models.Index(condition=models.Q(("state", "open")), fields=["account"], name="hold_open"),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.UniqueConstraint(fields=("run_id", "attempt", "step"), name="hold_step_once"),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["open", "settled", "released"])), name="hold_state"
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gte", 0), ("credits__gte", 0), ("shortfall__gte", 0)),
                name="hold_not_negative",
            ),
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(condition=models.Q(("run_id__isnull", False)), fields=["run_id"], name="entry_of_run"),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.UniqueConstraint(fields=("account", "number"), name="entry_number"),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["grant", "charge", "release", "expiry", "claw_back", "adjustment"])),
                name="entry_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="lowbalance",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)), fields=("account", "kind"), name="low_balance_once_a_crossing"
            ),
        ),
        migrations.AddConstraint(
            model_name="lowbalance",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["grant", "chosen"])), name="low_balance_kind"
            ),
        ),
        migrations.AddIndex(
            model_name="creditaccount",
            index=models.Index(
                condition=models.Q(("next_expiry_at__isnull", False)), fields=["next_expiry_at"], name="account_expiry"
            ),
        ),
        migrations.AddConstraint(
            model_name="creditaccount",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "balance__gte",
                        django.db.models.expressions.CombinedExpression(models.F("credit_line"), "*", models.Value(-1)),
                    )
                ),
                name="account_balance_in_line",
            ),
        ),
        migrations.AddConstraint(
            model_name="creditaccount",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("held__gte", 0),
                    (
                        "held__lte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("balance"), "+", models.F("credit_line")
                        ),
                    ),
                ),
                name="account_held_covered",
            ),
        ),
        migrations.AddConstraint(
            model_name="creditaccount",
            constraint=models.CheckConstraint(
                condition=models.Q(("credit_line__gte", 0)), name="account_line_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="creditaccount",
            constraint=models.CheckConstraint(
                condition=models.Q(("notice_at__isnull", True), ("notice_at__gt", 0), _connector="OR"),
                name="account_notice_positive",
            ),
        ),
        migrations.RunSQL(TRIGGER, NO_TRIGGER),
    ]
