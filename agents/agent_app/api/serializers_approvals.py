"""What the API takes and answers of approvals."""

from rest_framework import serializers

from agent_app.models import Approval, Decision
from config.lib.serializers import Strict


class ApprovalOutput(serializers.ModelSerializer[Approval]):
    """A call that waits for somebody who may decide (contract: Run.approvals)."""

    class Meta:
        model = Approval
        fields = (
            "id", "call_id", "tool_name", "tool_type", "arguments", "prompt", "permissions", "agent_id", "agent_name",
            "callers", "created_at", "expires_at",
        )  # fmt: skip
        read_only_fields = fields


class DecisionInput(Strict):
    call_id = serializers.CharField(max_length=120)
    decision = serializers.ChoiceField(choices=Decision.choices)
    arguments = serializers.DictField(required=False, allow_null=True, help_text="With `edit`: what to call it with.")
    reason = serializers.CharField(
        max_length=1000, required=False, allow_blank=True, help_text="The model reads it where the call is rejected."
    )
