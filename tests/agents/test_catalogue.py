"""The catalogue: what models there are, what they cost, when they end."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from agent_app.models import CAPABILITIES, CatalogueModel
from agent_app.services.catalogue import catalogue_model_delete, catalogue_model_save
from billing import rates
from community.models import AuditEntry
from tests.cast import Cast

pytestmark = pytest.mark.django_db


def test_it_holds_every_model_that_was_promised() -> None:
    promised = {
        "openai": ["gpt-3.5-turbo", "gpt-4", "gpt-4o", "gpt-4o-mini", "o1", "gpt-6.2-sol"],
        "anthropic": ["claude-2.1", "claude-instant-1.2", "claude-3-haiku-20240307", "claude-3-sonnet-20240229",
                      "claude-3-opus-20240229", "claude-sonnet-4-5-20250929", "claude-opus-4-5-20251101", "claude-opus-5-5"],
        "google": ["gemini-pro", "gemini-ultra", "gemini-1.5-pro", "gemini-2.0-flash", "gemini-3.8-flash"],
        "deepseek": ["deepseek-chat", "deepseek-flash"],
        "local": ["smollm2-135m-instruct"],
    }  # fmt: skip
    known = set(CatalogueModel.objects.values_list("provider", "model_id"))
    assert [(slug, model) for slug, models in promised.items() for model in models if (slug, model) not in known] == []


def test_every_entry_says_all_its_capabilities_and_leads_on_where_it_ends() -> None:
    entries = list(CatalogueModel.objects.all())
    known = {entry.reference for entry in entries}
    assert all(set(entry.capabilities) == set(CAPABILITIES) for entry in entries)
    ending = [entry for entry in entries if entry.lifecycle in ("deprecated", "retired")]
    assert [entry.reference for entry in ending if f"{entry.provider}/{entry.replacement}" not in known] == []
    gone = {entry.model_id for entry in entries if entry.lifecycle == "retired"}
    assert [entry.reference for entry in ending if entry.replacement in gone] == []
    for entry in entries:
        entry.full_clean()


def test_each_has_a_rate_in_credits_that_is_not_the_last_resort() -> None:
    entries = CatalogueModel.objects.exclude(provider="stability")  # pictures are a tool
    assert [entry.reference for entry in entries if rates.price_of(entry.reference).reference == "*"] == []
    assert rates.price_of("openai/gpt-6.2-astra").per_1k_tokens == Decimal(5)
    assert rates.price_of("anthropic/claude-sonnet-5-5").per_1k_tokens == Decimal(3)
    assert rates.price_of("openai/text-embedding-3-small").per_1k_tokens == Decimal("0.02")


def test_it_knows_when_a_model_is_gone() -> None:
    entry = CatalogueModel(provider="openai", model_id="x", lifecycle="deprecated", deprecation_date=date(2027, 1, 14))
    assert (entry.retired(date(2027, 1, 13)), entry.retired(date(2027, 1, 14))) == (False, True)
    assert CatalogueModel(provider="openai", model_id="x", lifecycle="retired").retired()
    assert not CatalogueModel(provider="openai", model_id="x").ending


@pytest.mark.parametrize("capabilities", [{"flying": True}, {"tools": "yes"}, ["tools"]])
def test_it_refuses_capabilities_nobody_knows(cast: Cast, capabilities: object) -> None:
    entry = CatalogueModel(provider="openai", model_id="x", name="X", capabilities=capabilities)
    with pytest.raises(ValidationError):
        catalogue_model_save(model=entry, actor_id=cast.alice.user.id)
    assert not CatalogueModel.objects.filter(model_id="x").exists()


def test_a_model_stands_once_for_its_provider() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        CatalogueModel.objects.create(provider="openai", model_id="GPT-4O", name="Twice")


def test_what_staff_change_is_recorded(cast: Cast) -> None:
    entry = CatalogueModel.objects.get(provider="openai", model_id="gpt-4o")
    entry.price_input = Decimal("2.75")
    catalogue_model_save(model=entry, actor_id=cast.alice.user.id)
    catalogue_model_delete(model=entry, actor_id=cast.alice.user.id)
    saved, deleted = AuditEntry.objects.filter(object_type="catalogue_model").order_by("created_at")
    assert (saved.before["price_input"], saved.after["price_input"]) == ("2.500000", "2.75")
    assert (deleted.action, deleted.before["model_id"]) == ("catalogue.model_deleted", "gpt-4o")
