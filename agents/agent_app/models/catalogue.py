"""The models there are in the world, the same for every workspace. Seeded by a migration, edited by staff."""

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agent_app.provider_types import LABELS, LOCAL
from community.models.base import Record

# What a model can do, or cannot; what is not said is unknown, and allowed.
CAPABILITIES = (
    "tools", "parallel_tools", "structured_output", "vision", "reasoning", "streaming", "responses_api", "embeddings", "images",
    "hosted_tools",
)  # fmt: skip


def validate_capabilities(value: Any) -> None:
    """Known names, each true or false."""
    if not isinstance(value, dict):
        raise ValidationError(_("Write an object of names with true or false."))
    for name, can in value.items():
        if name not in CAPABILITIES:
            raise ValidationError(_("There is no capability “%(name)s”."), params={"name": name})
        if not isinstance(can, bool):
            raise ValidationError(_("“%(name)s” is true or false."), params={"name": name})


class Lifecycle(models.TextChoices):
    """As providers say it."""

    ACTIVE = "active", _("Active")
    LEGACY = "legacy", _("Legacy")
    DEPRECATED = "deprecated", _("Deprecated")
    RETIRED = "retired", _("Retired")


class CatalogueModel(Record):
    """A model of a type of provider. Prices are what the provider asks, in dollars for a million tokens; empty: not known here.

    What a run pays in credits are billing's rates, found by ``<provider>/<model_id>``.
    """

    provider = models.CharField(max_length=20, choices=[(LOCAL, _("Local")), *LABELS])
    model_id = models.CharField(max_length=200)
    name = models.CharField(max_length=120)
    context_window = models.PositiveIntegerField(null=True, blank=True)
    max_output = models.PositiveIntegerField(null=True, blank=True)
    capabilities = models.JSONField(default=dict, blank=True, validators=[validate_capabilities])
    api = models.CharField(
        max_length=20, blank=True, help_text=_("The only API it answers on; empty: whichever its provider speaks.")
    )
    price_input = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)
    price_output = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)
    price_cached = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)
    lifecycle = models.CharField(max_length=10, choices=Lifecycle.choices, default=Lifecycle.ACTIVE)
    deprecation_date = models.DateField(null=True, blank=True, help_text=_("From then on the provider refuses it."))
    replacement = models.CharField(max_length=200, blank=True, help_text=_("The model id to use instead."))
    note = models.CharField(
        max_length=300, blank=True, help_text=_("Where this is from, and what the numbers leave out.")
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("provider"), Lower("model_id"), name="catalogue_model_unique"),
            models.CheckConstraint(
                name="catalogue_price_not_negative",
                condition=(Q(price_input=None) | Q(price_input__gte=0))
                & (Q(price_output=None) | Q(price_output__gte=0))
                & (Q(price_cached=None) | Q(price_cached__gte=0)),
            ),
        ]  # fmt: skip
        indexes = [models.Index(Lower("model_id"), name="catalogue_model_id")]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        return f"{self.provider}/{self.model_id}"

    def retired(self, today: date | None = None) -> bool:
        """Whether the provider refuses it by now."""
        day = today or timezone.localdate()
        return self.lifecycle == Lifecycle.RETIRED or bool(self.deprecation_date and self.deprecation_date <= day)

    @property
    def ending(self) -> bool:
        """Whether its end has come or is known."""
        return self.lifecycle in (Lifecycle.DEPRECATED, Lifecycle.RETIRED) or self.deprecation_date is not None
