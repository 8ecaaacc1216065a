"""The catalogue to begin with, as of November 2026. Staff edit it afterwards; a migration never changes a row that is there.

Prices are dollars for a million tokens (in, out, cached in); None: no source was at hand, and nothing is made up. Sources: the
providers' own pages on models, prices and deprecations as of October and November 2026; models.dev of July 2026 for what had not
changed since.
"""

from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

LETTERS = {
    "t": "tools", "p": "parallel_tools", "s": "structured_output", "v": "vision", "r": "reasoning", "m": "streaming",
    "R": "responses_api", "e": "embeddings", "i": "images",
}  # fmt: skip


class Row(NamedTuple):
    provider: str
    model_id: str
    name: str
    context: int | None
    output: int | None
    can: str
    prices: tuple[str | None, str | None, str | None] = (None, None, None)
    lifecycle: str = "active"
    ends: date | None = None
    replacement: str = ""
    api: str = ""
    note: str = ""

    def values(self) -> dict[str, Any]:
        price_input, price_output, price_cached = (None if price is None else Decimal(price) for price in self.prices)
        return {
            "provider": self.provider, "model_id": self.model_id, "name": self.name, "context_window": self.context,
            "max_output": self.output, "capabilities": {name: letter in self.can for letter, name in LETTERS.items()},
            "price_input": price_input, "price_output": price_output, "price_cached": price_cached,
            "lifecycle": self.lifecycle, "deprecation_date": self.ends, "replacement": self.replacement, "api": self.api,
            "note": self.note,
        }  # fmt: skip


_OCT, _DEC, _JAN = date(2026, 10, 23), date(2026, 12, 11), date(2027, 1, 14)
_CHAT, _FULL, _THINK = "tpsmR", "tpsvmR", "tpsvrmR"
_LONG = "Prompts over 272,000 tokens cost more than these prices say."
OPENAI = (
    Row("openai", "gpt-6.2-astra", "GPT-6.2 Astra", 1_050_000, 128_000, _THINK, ("8", "40", None), note=_LONG),
    Row("openai", "gpt-6.2-sol", "GPT-6.2 Sol", 1_050_000, 128_000, _THINK, ("2", "10", None), note=_LONG),
    Row("openai", "gpt-6.1-sol", "GPT-6.1 Sol", 1_050_000, 128_000, _THINK, ("2", "10", "0.10"), note=_LONG),
    Row("openai", "gpt-6-astra", "GPT-6 Astra", 1_050_000, 128_000, _THINK, ("10", "50", "1"), note=_LONG),
    Row("openai", "gpt-6-sol", "GPT-6 Sol", 1_050_000, 128_000, _THINK, ("2", "10", "0.20"), note=_LONG),
    Row("openai", "gpt-6-luna", "GPT-6 Luna", 1_050_000, 128_000, _THINK, ("0.10", "0.50", "0.01"), note=_LONG),
    Row("openai", "gpt-5.6-sol", "GPT-5.6 Sol", 1_050_000, 128_000, _THINK, ("4", "20", "0.40"), note=_LONG),
    Row("openai", "gpt-5.6-terra", "GPT-5.6 Terra", 1_050_000, 128_000, _THINK, ("2", "12", "0.20"), note=_LONG),
    Row("openai", "gpt-5.6-luna", "GPT-5.6 Luna", 1_050_000, 128_000, _THINK, ("0.20", "1.20", "0.02"), note=_LONG),
    Row("openai", "gpt-5.5", "GPT-5.5", 1_050_000, 128_000, _THINK, ("5", "30", "0.50"), note=_LONG),
    Row("openai", "gpt-5.5-pro", "GPT-5.5 Pro", 1_050_000, 128_000, _THINK, ("30", "180", None), api="responses"),
    Row("openai", "gpt-5.4", "GPT-5.4", 1_050_000, 128_000, _THINK, ("2.5", "15", "0.25"), note=_LONG),
    Row("openai", "gpt-5.4-mini", "GPT-5.4 mini", 400_000, 128_000, _THINK, ("0.75", "4.5", "0.075")),
    Row("openai", "gpt-5.4-nano", "GPT-5.4 nano", 400_000, 128_000, _THINK, ("0.20", "1.25", "0.02")),
    Row("openai", "gpt-5.2", "GPT-5.2", 400_000, 128_000, _THINK, ("1.75", "14", "0.175"), "legacy"),
    Row(
        "openai", "gpt-5.1", "GPT-5.1", 400_000, 128_000, _THINK, ("1.25", "10", "0.125"), "deprecated", date(2027, 4, 1),
        "gpt-5.6-sol", note="The replacement is ours; the date is the provider's.",
    ),
    Row("openai", "gpt-5", "GPT-5", 400_000, 128_000, _THINK, ("1.25", "10", "0.125"), "deprecated", _DEC, "gpt-5.6-sol"),
    Row(
        "openai", "gpt-5-mini", "GPT-5 mini", 400_000, 128_000, _THINK, ("0.25", "2", "0.025"), "deprecated", _DEC,
        "gpt-5.6-luna", note="The replacement is ours; the date is the provider's.",
    ),
    Row(
        "openai", "gpt-5-nano", "GPT-5 nano", 400_000, 128_000, _THINK, ("0.05", "0.40", "0.005"), "deprecated", _DEC,
        "gpt-6-luna", note="The replacement is ours; the date is the provider's.",
    ),
    Row("openai", "gpt-4.1", "GPT-4.1", 1_047_576, 32_768, _FULL, ("2", "8", "0.50"), "deprecated", _JAN, "gpt-6-luna"),
    Row("openai", "gpt-4.1-mini", "GPT-4.1 mini", 1_047_576, 32_768, _FULL, ("0.40", "1.60", "0.10"), "deprecated", _JAN, "gpt-6-luna"),
    Row("openai", "gpt-4.1-nano", "GPT-4.1 nano", 1_047_576, 32_768, _FULL, ("0.10", "0.40", "0.025"), "retired", _OCT, "gpt-6-luna",
        note="The replacement is ours; the date is the provider's."),
    Row("openai", "gpt-4o", "GPT-4o", 128_000, 16_384, _FULL, ("2.50", "10", "1.25"), "deprecated", _JAN, "gpt-6-luna"),
    Row("openai", "gpt-4o-mini", "GPT-4o mini", 128_000, 16_384, _FULL, ("0.15", "0.60", "0.075"), "deprecated", _JAN, "gpt-6-luna"),
    Row("openai", "gpt-4-turbo", "GPT-4 Turbo", 128_000, 4_096, "tpvmR", ("10", "30", None), "retired", _OCT, "gpt-5.6-sol"),
    Row("openai", "gpt-4", "GPT-4", 8_192, 8_192, "tpmR", ("30", "60", None), "retired", _OCT, "gpt-5.6-sol"),
    Row("openai", "gpt-3.5-turbo", "GPT-3.5 Turbo", 16_385, 4_096, "tpmR", ("0.50", "1.50", None), "retired", _OCT, "gpt-5.6-terra"),
    Row("openai", "o1", "o1", 200_000, 100_000, "tsvrmR", ("15", "60", "7.50"), "retired", _OCT, "gpt-5.6-sol"),
    Row("openai", "o1-pro", "o1 pro", 200_000, 100_000, "tsvrmR", ("150", "600", None), "retired", _OCT, "gpt-5.6-sol", "responses"),
    Row("openai", "o3", "o3", 200_000, 100_000, "tsvrmR", ("2", "8", "0.50"), "deprecated", _DEC, "gpt-5.6-sol"),
    Row("openai", "o3-mini", "o3-mini", 200_000, 100_000, "tsrmR", ("1.10", "4.40", "0.55"), "retired", _OCT, "gpt-5.6-sol"),
    Row("openai", "o4-mini", "o4-mini", 200_000, 100_000, "tsvrmR", ("1.10", "4.40", "0.275"), "retired", _OCT, "gpt-5.6-terra"),
    Row("openai", "text-embedding-3-large", "Embedding 3 large", 8_191, None, "e", ("0.13", None, None)),
    Row("openai", "text-embedding-3-small", "Embedding 3 small", 8_191, None, "e", ("0.02", None, None)),
    Row("openai", "text-embedding-ada-002", "Embedding ada 002", 8_192, None, "e", ("0.10", None, None), "legacy", replacement="text-embedding-3-small"),
)  # fmt: skip

_CLAUDE, _CLAUDE_3 = "tpsvrm", "tpvm"
_GONE = "No price: retired before this list began."
ANTHROPIC = (
    Row("anthropic", "claude-fable-5-1", "Claude Fable 5.1", 1_000_000, 128_000, _CLAUDE, ("10", "50", None)),
    Row("anthropic", "claude-opus-5-5", "Claude Opus 5.5", 1_000_000, 128_000, _CLAUDE, ("4", "20", "0.20")),
    Row("anthropic", "claude-sonnet-5-5", "Claude Sonnet 5.5", 1_000_000, 128_000, _CLAUDE, ("2", "10", "0.10")),
    Row("anthropic", "claude-haiku-5-5", "Claude Haiku 5.5", 1_000_000, 128_000, _CLAUDE, ("0.10", "0.50", "0.01"),
        note="Prompts over 100,000 tokens cost five times as much."),
    Row("anthropic", "claude-opus-5", "Claude Opus 5", 1_000_000, 128_000, _CLAUDE, ("5", "25", "0.50"), "legacy", replacement="claude-opus-5-5"),
    Row("anthropic", "claude-sonnet-5", "Claude Sonnet 5", 1_000_000, 128_000, _CLAUDE, ("2", "10", "0.20"), "legacy", replacement="claude-sonnet-5-5"),
    Row("anthropic", "claude-opus-4-8", "Claude Opus 4.8", 1_000_000, 128_000, _CLAUDE, ("5", "25", "0.50"), "legacy", replacement="claude-opus-5-5"),
    Row("anthropic", "claude-opus-4-7", "Claude Opus 4.7", 1_000_000, 128_000, _CLAUDE, ("5", "25", "0.50"), "legacy", replacement="claude-opus-5-5"),
    Row("anthropic", "claude-opus-4-6", "Claude Opus 4.6", 1_000_000, 128_000, _CLAUDE, ("5", "25", "0.50"), "legacy", replacement="claude-opus-5-5"),
    Row("anthropic", "claude-sonnet-4-6", "Claude Sonnet 4.6", 1_000_000, 64_000, _CLAUDE, ("3", "15", "0.30"), "legacy", replacement="claude-sonnet-5-5"),
    Row("anthropic", "claude-opus-4-5-20251101", "Claude Opus 4.5", 200_000, 64_000, _CLAUDE, ("5", "25", "0.50"), "legacy", replacement="claude-opus-5-5"),
    Row("anthropic", "claude-sonnet-4-5-20250929", "Claude Sonnet 4.5", 200_000, 64_000, _CLAUDE, ("3", "15", "0.30"), "legacy", replacement="claude-sonnet-5-5"),
    Row("anthropic", "claude-haiku-4-5-20251001", "Claude Haiku 4.5", 200_000, 64_000, _CLAUDE, ("1", "5", "0.10"), "legacy", replacement="claude-haiku-5-5"),
    Row("anthropic", "claude-3-opus-20240229", "Claude 3 Opus", 200_000, 4_096, _CLAUDE_3, ("15", "75", "1.50"), "retired", date(2026, 1, 5), "claude-opus-5-5"),
    Row("anthropic", "claude-3-sonnet-20240229", "Claude 3 Sonnet", 200_000, 4_096, _CLAUDE_3, ("3", "15", "0.30"), "retired", date(2025, 7, 21), "claude-sonnet-5-5"),
    Row("anthropic", "claude-3-haiku-20240307", "Claude 3 Haiku", 200_000, 4_096, _CLAUDE_3, ("0.25", "1.25", "0.03"), "retired", date(2026, 4, 19), "claude-haiku-5-5"),
    Row("anthropic", "claude-2.1", "Claude 2.1", 200_000, None, "m", lifecycle="retired", ends=date(2025, 7, 21), replacement="claude-sonnet-5-5", note=_GONE),
    Row("anthropic", "claude-2.0", "Claude 2", 100_000, None, "m", lifecycle="retired", ends=date(2025, 7, 21), replacement="claude-sonnet-5-5", note=_GONE),
    Row("anthropic", "claude-instant-1.2", "Claude Instant", 100_000, None, "m", lifecycle="retired", ends=date(2024, 11, 6), replacement="claude-haiku-5-5", note=_GONE),
)  # fmt: skip

_PROMO = "Half price until 31 December 2026."
GOOGLE = (
    Row("google", "gemini-3.8-flash", "Gemini 3.8 Flash", 1_048_576, 65_536, "tpsvrm", ("0.75", "3.75", "0.075"), note=_PROMO),
    Row("google", "gemini-3.7-flash", "Gemini 3.7 Flash", 1_048_576, 65_536, "tpsvrm"),
    Row("google", "gemini-3.6-flash", "Gemini 3.6 Flash", 1_048_576, 65_536, "tpsvrm", ("1.50", "7.50", "0.15"), note=_PROMO + " These are the full prices."),
    Row("google", "gemini-3.5-flash", "Gemini 3.5 Flash", 1_048_576, 65_536, "tpsvrm", ("1.50", "9", "0.15")),
    Row("google", "gemini-3.5-flash-lite", "Gemini 3.5 Flash-Lite", 1_048_576, 65_536, "tpsvrm", ("0.30", "2.50", "0.03")),
    Row("google", "gemini-3.1-pro-preview", "Gemini 3.1 Pro", 1_048_576, 65_536, "tpsvrm", ("2", "12", "0.20"), note="Prompts over 200,000 tokens cost more."),
    Row("google", "gemini-3.1-flash-lite", "Gemini 3.1 Flash-Lite", 1_048_576, 65_536, "tpsvrm", ("0.25", "1.50", "0.025"), "deprecated", date(2027, 5, 7),
        "gemini-3.5-flash-lite", note="The replacement is ours; the date is the provider's."),
    Row("google", "gemini-2.5-pro", "Gemini 2.5 Pro", 1_048_576, 65_536, "tpsvrm", ("1.25", "10", "0.125"), "deprecated", date(2026, 12, 1), "gemini-3.8-flash"),
    Row("google", "gemini-2.5-flash", "Gemini 2.5 Flash", 1_048_576, 65_536, "tpsvrm", ("0.30", "2.50", "0.03"), "deprecated", date(2026, 12, 1), "gemini-3.5-flash-lite"),
    Row("google", "gemini-2.5-flash-lite", "Gemini 2.5 Flash-Lite", 1_048_576, 65_536, "tpsvrm", ("0.10", "0.40", "0.01"), "legacy"),
    Row("google", "gemini-2.0-flash", "Gemini 2.0 Flash", 1_048_576, 8_192, "tpsvm", ("0.10", "0.40", "0.025"), "retired", date(2026, 6, 1), "gemini-3.5-flash-lite",
        note="The replacement is ours; the date is the provider's."),
    Row("google", "gemini-1.5-pro", "Gemini 1.5 Pro", 2_097_152, 8_192, "tpsvm", lifecycle="retired", replacement="gemini-3.1-pro-preview", note=_GONE),
    Row("google", "gemini-pro", "Gemini Pro", None, None, "m", lifecycle="retired", replacement="gemini-3.1-pro-preview", note=_GONE),
    Row("google", "gemini-ultra", "Gemini Ultra", None, None, "m", lifecycle="retired", replacement="gemini-3.1-pro-preview", note=_GONE),
    Row("google", "gemini-embedding-001", "Gemini Embedding", 2_048, None, "e", ("0.15", None, None)),
)  # fmt: skip

_YUAN = "Priced in yuan by time of day; no dollar price was at hand."
_BACKED = "Price and abilities are those of whoever serves it."
OTHERS = (
    Row("deepseek", "deepseek-flash", "DeepSeek V4.1 Flash", 1_000_000, 384_000, "tpvrmR", note=_YUAN),
    Row("deepseek", "deepseek-v4-pro", "DeepSeek V4 Pro", 1_000_000, 384_000, "tprmR", note=_YUAN),
    Row("deepseek", "deepseek-v4-flash", "DeepSeek V4 Flash", 1_000_000, 384_000, "tprmR", lifecycle="deprecated", replacement="deepseek-flash",
        note="Answered by V4.1 Flash under its old name. " + _YUAN),
    Row("deepseek", "deepseek-chat", "DeepSeek Chat", 1_000_000, 384_000, "tpm", lifecycle="retired", ends=date(2026, 7, 24), replacement="deepseek-flash", note=_GONE),
    Row("deepseek", "deepseek-reasoner", "DeepSeek Reasoner", 1_000_000, 384_000, "tprm", lifecycle="retired", ends=date(2026, 7, 24), replacement="deepseek-flash", note=_GONE),
    Row("mistral", "mistral-large-latest", "Mistral Large", 262_144, 262_144, "tpsvm", ("0.50", "1.50", None)),
    Row("mistral", "mistral-medium-latest", "Mistral Medium", None, None, "tpsvm", note="Its name moves on with new versions; no price was at hand for the present one."),
    Row("mistral", "mistral-small-latest", "Mistral Small", 256_000, 256_000, "tpsvrm", ("0.15", "0.60", None)),
    Row("mistral", "magistral-medium-latest", "Magistral Medium", 128_000, 16_384, "tprm", ("2", "5", None)),
    Row("mistral", "codestral-latest", "Codestral", 256_000, 4_096, "tpsm", ("0.30", "0.90", None)),
    Row("mistral", "mistral-embed", "Mistral Embed", 8_000, None, "e", ("0.10", None, None)),
    Row("groq", "openai/gpt-oss-120b", "GPT-OSS 120B", 131_072, 65_536, "tsrmR", ("0.15", "0.60", "0.075")),
    Row("groq", "openai/gpt-oss-20b", "GPT-OSS 20B", 131_072, 65_536, "tsrmR", ("0.075", "0.30", "0.0375")),
    Row("groq", "llama-3.3-70b-versatile", "Llama 3.3 70B", 131_072, 32_768, "tpmR", ("0.59", "0.79", None)),
    Row("groq", "llama-3.1-8b-instant", "Llama 3.1 8B", 131_072, 131_072, "tpmR", ("0.05", "0.08", None)),
    Row("groq", "qwen/qwen3-32b", "Qwen3 32B", 131_072, 40_960, "tprmR", ("0.29", "0.59", None)),
    Row("huggingface", "openai/gpt-oss-120b", "GPT-OSS 120B", 131_072, None, "tsrm", note=_BACKED),
    Row("huggingface", "meta-llama/Llama-3.3-70B-Instruct", "Llama 3.3 70B", 131_072, None, "tm", note=_BACKED),
    Row("huggingface", "Qwen/Qwen3-32B", "Qwen3 32B", 131_072, None, "trm", note=_BACKED),
    Row("openrouter", "openrouter/auto", "OpenRouter Auto", None, None, "tsm", note=_BACKED),
    Row("stability", "stable-image-ultra", "Stable Image Ultra", None, None, "i", api="images", note="Priced by picture."),
    Row("stability", "stable-image-core", "Stable Image Core", None, None, "i", api="images", note="Priced by picture."),
    Row("stability", "sd3.5-large", "Stable Diffusion 3.5 Large", None, None, "i", api="images", note="Priced by picture."),
    Row("local", "smollm2-135m-instruct", "SmolLM2 135M", 4_096, 2_048, "sm", ("0", "0", "0"), note="Runs on this machine, with grammar-bound JSON."),
)  # fmt: skip
ROWS = OPENAI + ANTHROPIC + GOOGLE + OTHERS
