import django.db.models.deletion
from django.db import migrations, models

import config.lib.ids


class Migration(migrations.Migration):
    dependencies = [
        ("agents", "0017_search_keys"),
        ("community", "0006_invitations_by_address"),
    ]

    operations = [
        migrations.AddField(
            model_name="agent",
            name="hold_until_checked",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Shows nothing of an answer before its guardrails have passed it.",
            ),
        ),
        migrations.AddField(
            model_name="message",
            name="withheld",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Stopped by a guardrail: no model is given it in a later turn.",
            ),
        ),
        migrations.CreateModel(
            name="Guardrail",
            fields=[
                (
                    "id",
                    models.UUIDField(default=config.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("name", models.CharField(max_length=80)),
                ("description", models.CharField(blank=True, max_length=500)),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("input", "Input"),
                            ("output", "Output"),
                            ("tool_input", "Tool input"),
                            ("tool_output", "Tool output"),
                        ],
                        max_length=12,
                    ),
                ),
                ("implementation", models.CharField(max_length=20)),
                ("config", models.JSONField(default=dict)),
                (
                    "action",
                    models.CharField(
                        choices=[("block", "Block"), ("replace", "Replace"), ("redact", "Redact"), ("warn", "Warn")],
                        default="block",
                        max_length=8,
                    ),
                ),
                (
                    "mode",
                    models.CharField(
                        choices=[("blocking", "Blocking"), ("parallel", "Parallel")],
                        default="blocking",
                        max_length=8,
                    ),
                ),
                ("enabled", models.BooleanField(default=True)),
                (
                    "credential_id",
                    models.UUIDField(blank=True, help_text="Where the secrets of its config are.", null=True),
                ),
                ("position", models.PositiveSmallIntegerField(default=0)),
                (
                    "agent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="guardrails", to="agents.agent"
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="community.workspace"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("agent", "name"), name="guardrail_name_unique"),
                ],
            },
        ),
    ]
