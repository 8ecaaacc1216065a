"""What things cost."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from community.models.base import Record


class Rate(Record):
    """The price of a model, a tool or an embedding, keyed by name. Entries keep a copy: a new price changes no old one.

    ``reference`` is ``provider/model`` (or ``tool/name``, ``embedding/model``). It may hold ``*``; then it is the price of a
    class, which counts where nothing more exact does (the longest one wins).
    """

    reference = models.CharField(max_length=260, unique=True)
    label = models.CharField(max_length=80, blank=True, help_text=_("What people read, like “GPT-4 class”."))
    per_1k_tokens = models.DecimalField(max_digits=10, decimal_places=4, default=0)
    per_call = models.DecimalField(max_digits=10, decimal_places=4, default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(name="rate_not_negative", condition=Q(per_1k_tokens__gte=0) & Q(per_call__gte=0))
        ]

    def __str__(self) -> str:
        return self.reference
