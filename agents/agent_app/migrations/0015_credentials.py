import django.db.models.deletion
from django.db import migrations, models

import config.lib.ids


class Migration(migrations.Migration):
    dependencies = [
        ("agents", "0014_run_language"),
        ("community", "0009_workspace_models"),
    ]

    operations = [
        migrations.CreateModel(
            name="Credential",
            fields=[
                (
                    "id",
                    models.UUIDField(default=config.lib.ids.uuid7, editable=False, primary_key=True, serialize=False),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("kind", models.CharField(help_text="The type of tool that it was entered for.", max_length=40)),
                (
                    "audience",
                    models.CharField(blank=True, help_text="The origin it may be sent to. Empty: any.", max_length=600),
                ),
                (
                    "config",
                    models.JSONField(
                        blank=True, default=dict, help_text="What is said beside them to get tokens for them."
                    ),
                ),
                ("values_encrypted", models.TextField(editable=False)),
                (
                    "hints",
                    models.JSONField(
                        default=dict, editable=False, help_text="What may be shown of each, by its place."
                    ),
                ),
                ("tokens_encrypted", models.TextField(blank=True, editable=False)),
                ("tokens_expire_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("created_by_id", models.UUIDField(editable=False, null=True)),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="community.workspace"
                    ),
                ),
            ],
            options={"abstract": False},
        ),
    ]
