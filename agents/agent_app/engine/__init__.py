"""The engine: the only place that imports the OpenAI Agents SDK (``agents``). Workers load it; web processes do not."""
