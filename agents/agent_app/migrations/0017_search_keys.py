from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("agents", "0016_tools")]

    operations = [
        migrations.AlterField(
            model_name="providerkey",
            name="type",
            field=models.CharField(
                choices=[
                    ("openai", "OpenAI"),
                    ("anthropic", "Anthropic"),
                    ("google", "Google"),
                    ("huggingface", "Hugging Face"),
                    ("deepseek", "DeepSeek"),
                    ("stability", "Stability AI"),
                    ("mistral", "Mistral"),
                    ("groq", "Groq"),
                    ("openrouter", "OpenRouter"),
                    ("modal", "Modal"),
                    ("custom", "OpenAI-compatible"),
                    ("brave", "Brave Search"),
                    ("tavily", "Tavily"),
                    ("google_cse", "Google Custom Search"),
                    ("bing", "Bing"),
                ],
                max_length=20,
            ),
        ),
    ]
