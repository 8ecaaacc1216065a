"""What the API answers about credits. Amounts are strings with four decimals."""

from typing import Any

from rest_framework import serializers

from billing.models import EntryKind, LedgerEntry


class Amount(serializers.DecimalField):
    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=14, decimal_places=4, coerce_to_string=True, **options)


class ExpiringOutput(serializers.Serializer[Any]):
    amount = Amount()
    expires_at = serializers.DateTimeField()


class BalanceOutput(serializers.Serializer[Any]):
    balance = Amount()
    held = Amount()
    available = Amount()
    credit_line = Amount()
    expiring = ExpiringOutput(many=True)
    plan = serializers.CharField()


class EntryOutput(serializers.ModelSerializer[LedgerEntry]):
    amount = Amount()
    balance_after = Amount()
    price = serializers.DictField()

    class Meta:
        model = LedgerEntry
        fields = (
            "id", "number", "kind", "amount", "balance_after", "reference", "note", "model", "run_id", "grant_id", "actor_id",
            "price", "created_at",
        )  # fmt: skip
        read_only_fields = fields


class SummaryOutput(serializers.Serializer[Any]):
    amount = Amount(help_text="The sum of all entries that fit; without filters, the balance.")


class HistoryOutput(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    summary = SummaryOutput()
    results = EntryOutput(many=True)


class HistoryQuery(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=EntryKind.choices, required=False)
    model = serializers.CharField(max_length=260, required=False)
    run_id = serializers.UUIDField(required=False)
    since = serializers.DateTimeField(required=False, help_text="From this moment on.")
    until = serializers.DateTimeField(required=False, help_text="Before this moment.")
