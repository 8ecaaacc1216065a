"""The operator's own keys for model providers, and where those answer if not at their own address."""

from config.env import env

PLATFORM_KEYS = {
    slug: key
    for slug, secret in (
        ("openai", env.OPENAI_API_KEY),
        ("anthropic", env.ANTHROPIC_API_KEY),
        ("google", env.GOOGLE_API_KEY),
        ("huggingface", env.HUGGINGFACE_API_KEY),
        ("deepseek", env.DEEPSEEK_API_KEY),
        ("stability", env.STABILITY_API_KEY),
        ("mistral", env.MISTRAL_API_KEY),
        ("groq", env.GROQ_API_KEY),
        ("openrouter", env.OPENROUTER_API_KEY),
    )
    if (key := secret.get_secret_value())
}
PROVIDER_BASE_URLS = dict(pair.split("=", 1) for pair in env.PROVIDER_BASE_URLS if "=" in pair)
