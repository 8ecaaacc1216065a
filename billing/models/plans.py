"""Plans: what a workspace pays a month, and the limits it has for it."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from billing.models.fields import credits_field
from community.models.base import Record

FREE = "free"


class Plan(Record):
    """One row a plan; staff edit money and limits here, no code knows them."""

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=60)
    position = models.PositiveSmallIntegerField(default=0)
    price_month = models.DecimalField(
        max_digits=10, decimal_places=2, null=True, blank=True, help_text=_("US dollars. Empty: by contract.")
    )
    price_year = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    credits_month = credits_field(null=True, blank=True, help_text=_("Granted each month. Empty: by contract."))
    discount = models.PositiveSmallIntegerField(default=0, help_text=_("Percent off credit packages."))
    limits = models.JSONField(default=dict, blank=True, help_text=_("Limits by name (billing/limits.py). 0: none."))

    class Meta:
        constraints = [models.CheckConstraint(name="plan_discount", condition=models.Q(discount__lte=100))]

    def __str__(self) -> str:
        return self.name
