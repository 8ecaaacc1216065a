"""The types of providers: how each is called, where it answers, which wire it speaks. Pure but for the operator's settings.

``base_url`` is the form that the provider's own client takes: with ``/v1`` on OpenAI's wire, without it for Anthropic.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LOCAL = "local"
ANTHROPIC_VERSION = "2026-10-21"  # of its API; takes the key as a bearer token
Api = Literal["chat_completions", "responses", "messages", "images"]


@dataclass(frozen=True, kw_only=True)
class TypeInfo:
    """What holds for every provider of a type. ``probe`` is the path that only a valid key is answered on."""

    slug: str
    label: str | Promise
    base_url: str = ""
    apis: tuple[Api, ...] = ("chat_completions",)
    needs_key: bool = True
    probe: str = "/models"
    environment: str = ""
    searches: bool = False


_TYPES = (
    TypeInfo(
        slug="openai", label="OpenAI", base_url="https://api.openai.com/v1", apis=("responses", "chat_completions"),
        environment="OPENAI_API_KEY",
    ),
    TypeInfo(
        slug="anthropic", label="Anthropic", base_url="https://api.anthropic.com", apis=("messages",), probe="/v1/models",
        environment="ANTHROPIC_API_KEY",
    ),
    TypeInfo(
        slug="google", label="Google", base_url="https://generativelanguage.googleapis.com/v1beta/openai",
        environment="GOOGLE_API_KEY",
    ),
    TypeInfo(
        slug="huggingface", label="Hugging Face", base_url="https://router.huggingface.co/v1", environment="HUGGINGFACE_API_KEY",
        probe="https://huggingface.co/api/whoami-v2",
    ),
    TypeInfo(
        slug="deepseek", label="DeepSeek", base_url="https://api.deepseek.com", apis=("chat_completions", "responses"),
        environment="DEEPSEEK_API_KEY",
    ),
    TypeInfo(
        slug="stability", label="Stability AI", base_url="https://api.stability.ai", apis=("images",), probe="/v1/user/account",
        environment="STABILITY_API_KEY",
    ),
    TypeInfo(slug="mistral", label="Mistral", base_url="https://api.mistral.ai/v1", environment="MISTRAL_API_KEY"),
    TypeInfo(
        slug="groq", label="Groq", base_url="https://api.groq.com/openai/v1", apis=("chat_completions", "responses"),
        environment="GROQ_API_KEY",
    ),
    TypeInfo(
        slug="openrouter", label="OpenRouter", base_url="https://openrouter.ai/api/v1", apis=("chat_completions", "responses"),
        probe="/key", environment="OPENROUTER_API_KEY",
    ),
    TypeInfo(slug="modal", label="Modal", needs_key=False),
    TypeInfo(
        slug="custom", label=_("OpenAI-compatible"), apis=("chat_completions", "responses"), needs_key=False
    ),
)  # fmt: skip
TYPES: Mapping[str, TypeInfo] = MappingProxyType({info.slug: info for info in _TYPES})
LABELS = [(info.slug, info.label) for info in _TYPES]

# Where keys for searching the web belong to; no model answers there.
SEARCH_TYPES: Mapping[str, TypeInfo] = MappingProxyType(
    {
        "brave": TypeInfo(
            slug="brave", label="Brave Search", base_url="https://api.search.brave.com", searches=True,
            probe="/res/v1/web/search?q=test&count=1",
        ),
        "tavily": TypeInfo(
            slug="tavily", label="Tavily", base_url="https://api.tavily.com", searches=True, probe="/usage"
        ),
        "google_cse": TypeInfo(
            slug="google_cse", label="Google Custom Search", base_url="https://www.googleapis.com", searches=True,
            probe="/customsearch/v1?q=test&num=1",
        ),
        "bing": TypeInfo(
            slug="bing", label="Bing", base_url="https://api.bing.microsoft.com", searches=True,
            probe="/v7.0/search?q=test&count=1",
        ),
    }
)  # fmt: skip
# Those that take no key: SearXNG is somebody's own, so it has an address only where the operator or a tool says it.
KEYLESS_SEARCH: Mapping[str, TypeInfo] = MappingProxyType(
    {
        "searxng": TypeInfo(slug="searxng", label="SearXNG", needs_key=False, searches=True),
        "duckduckgo": TypeInfo(
            slug="duckduckgo", label="DuckDuckGo", base_url="https://html.duckduckgo.com", needs_key=False, searches=True
        ),
    }
)  # fmt: skip


def info(slug: str) -> TypeInfo:
    """Raises KeyError for what is no type."""
    return TYPES.get(slug) or SEARCH_TYPES.get(slug) or KEYLESS_SEARCH[slug]


def default_base_url(slug: str) -> str:
    """Where the type answers: the operator's gateway where there is one, else the provider's own address; may be empty."""
    return str(settings.PROVIDER_BASE_URLS.get(slug) or info(slug).base_url)


def default_api(slug: str) -> Api:
    return info(slug).apis[0]


def own_address(slug: str, base_url: str) -> bool:
    """Whether ``base_url`` is the type's own address: keys that belong to a type are sent there and nowhere else."""
    known = default_base_url(slug)
    return bool(known) and base_url.rstrip("/") == known.rstrip("/")


def platform_key(slug: str) -> str:
    """The operator's key for a type; empty where there is none."""
    return str(settings.PLATFORM_KEYS.get(slug, ""))
