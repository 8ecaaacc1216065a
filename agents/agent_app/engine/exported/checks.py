"""What guardrails look for."""

import json
import re
import secrets
from collections.abc import Collection
from typing import Any

import jsonschema
from agents import Agent, Runner

from agent_app.engine.exported.agents import JsonOutput
from agent_app.engine.exported.guards import Check, Trip
from agent_app.engine.exported.values import CONTEXT
from agent_app.engine.judge import ASKED, VERDICT
from agent_app.guardrails.keys import secret_matches
from agent_app.guardrails.keywords import Plain, Search
from agent_app.guardrails.links import host_names, links_in, passes
from agent_app.guardrails.personal import find


def pattern(patterns: list[str], *, ignore_case: bool = False, must_match: bool = False) -> Check:
    """Python's own patterns: one that is built badly may take long, where Troupe's engine never does."""
    wanted = [re.compile(each, re.IGNORECASE if ignore_case else 0) for each in patterns]

    def check(text: str) -> Trip | None:
        found = any(each.search(text) for each in wanted)
        if must_match:
            return None if found else Trip("The text does not have the form that is asked for.")
        return Trip("The text has something in it that is not allowed here.") if found else None

    return check


def keywords(words: list[str], *, whole_words: bool = True, case_sensitive: bool = False) -> Check:
    def check(text: str) -> Trip | None:
        search = Search(Plain(text, case_sensitive=case_sensitive), whole_words=whole_words)
        for word in words:
            search.look_for(Plain(word, case_sensitive=case_sensitive).text.strip())
        return Trip("The text has a word in it that is not allowed here.") if search.found else None

    return check


def personal_data(kinds: list[str]) -> Check:
    def check(text: str) -> Trip | None:
        found = ", ".join(dict.fromkeys(match.what for match in find(text, kinds)))
        return Trip(f"The text has personal data in it: {found}.") if found else None

    return check


def keys_and_passwords() -> Check:
    def check(text: str) -> Trip | None:
        return Trip("The text has a key, a token or a password in it.") if any(secret_matches(text)) else None

    return check


def links(
    *, allow: Collection[str] | None = None, deny: Collection[str] = (), schemes: Collection[str] = ("http", "https")
) -> Check:
    """Only links to hosts that are allowed, and to none that is denied."""
    allowed, denied = None if allow is None else host_names(allow), host_names(deny)

    def check(text: str) -> Trip | None:
        good = all(passes(link, schemes, allowed, denied) for _start, _end, link in links_in(text))
        return None if good else Trip("The text has a link in it that is not allowed here.")

    return check


def length(*, max_characters: int = 0, max_words: int = 0, max_tokens: int = 0, min_characters: int = 0) -> Check:
    """Three bytes are counted as a token."""

    def check(text: str) -> Trip | None:
        sizes = [
            (len(text), max_characters, "characters"),
            (len(text.split()), max_words, "words"),
            ((len(text.encode()) + 2) // 3, max_tokens, "tokens"),
        ]
        for size, most, what in sizes:
            if most and size > most:
                return Trip(f"The text has {size} {what}; at most {most} are allowed.")
        if len(text) < min_characters:
            return Trip(f"The text has {len(text)} characters; at least {min_characters} are wanted.")
        return None

    return check


def json_form(schema: dict[str, Any]) -> Check:
    def check(text: str) -> Trip | None:
        try:
            jsonschema.validate(json.loads(text), schema)
        except jsonschema.ValidationError as error:
            return Trip(error.message)
        except ValueError as error:
            return Trip(f"This is not JSON: {error}")
        return None

    return check


def code(main: str, source: str, *, passes_on_error: bool = False) -> Check:
    """A function of yours decides. Troupe calls it in a sandbox; here it runs like any other code of this file."""
    namespace: dict[str, Any] = {"context": CONTEXT}
    exec(compile(source, "guardrail.py", "exec"), namespace)  # noqa: S102

    def check(text: str) -> Trip | None:
        try:
            said = namespace[main](text)
            said = {"tripwire_triggered": said} if isinstance(said, bool) else said
            override = said.get("override_message") or ""
            return Trip(override, override) if said["tripwire_triggered"] else None
        except Exception as error:  # noqa: BLE001
            return None if passes_on_error else Trip(f"The check did not work: {error}")

    return check


def judge(agent: Agent[Any], stage: str, *, passes_on_error: bool = False) -> Check:
    """Another agent judges, by its instructions and without its tools."""

    async def check(text: str) -> Trip | None:
        border = secrets.token_hex(8)
        asked = ASKED % {"begin": f"<text {border}>", "end": f"</text {border}>", "stage": stage, "text": text}
        alone: dict[str, Any] = {"tools": [], "handoffs": [], "mcp_servers": []}
        alone |= {"input_guardrails": [], "output_guardrails": [], "output_type": JsonOutput(VERDICT)}
        try:
            said = (await Runner.run(agent.clone(**alone), asked)).final_output
        except Exception as error:  # noqa: BLE001
            return None if passes_on_error else Trip(f"The judge did not answer: {error}")
        return Trip() if said["tripwire_triggered"] else None

    return check
