"""What there is to see: a person's agent, a conversation, runs and a provider, made through the API."""

from dataclasses import dataclass
from typing import Self

from tests.benchmarks.stack import Person, Stack
from tests.fakes.openai_wire import FakeOpenAI
from tests.fakes.script import Script

ANSWER = """Your parcel is **on its way**. I looked at three things:

1. the label was printed on Monday;
2. the carrier scanned it on Tuesday;
3. it has not reached the depot yet.

```python
def days_left(sent: int, usual: int = 3) -> int:
    return max(0, usual - sent)
```

Ask me again *tomorrow*, or see [the carrier](https://example.com/).
"""


@dataclass
class World:
    """``places`` are the values of the parameters in addresses."""

    stack: Stack
    provider: FakeOpenAI
    person: Person
    places: dict[str, str]

    @classmethod
    def furnish(cls, stack: Stack, provider: FakeOpenAI, name: str = "Alice") -> Self:
        person = stack.register(name)
        added = person.provider(provider.base_url, ["m"])
        body = {
            "name": "Refund specialist", "description": "Finds parcels and money.", "instructions": "Be kind.",
            "model": "fake/m", "starters": ["Where is my parcel?", "How do I send it back?"], "tags": ["support"],
        }  # fmt: skip
        agent_id = person.create("/agents/", body)["id"]
        thinker = {
            "name": "think",
            "type": "llm",
            "description": "Thinks twice.",
            "params": {"prompt": "Think: {{ input }}"},
        }
        tool_id = person.create("/tools/", thinker)["id"]
        person.create(f"/agents/{agent_id}/tools/", {"tool_id": tool_id})
        bank = {"name": "Bank", "url": "https://api.example.com", "auth": {"type": "bearer", "token": "x" * 24}}
        integration_id = person.create("/integrations/", bank)["id"]
        porter = {"name": "Night porter", "description": "Opens the door.", "model": "fake/m"}
        porter_id = person.create("/agents/", porter)["id"]
        handoff = person.create(f"/agents/{agent_id}/handoffs/", {"target_agent_id": porter_id})
        person.create(f"/agents/{agent_id}/publish/", {"notes": "For the shop", "with_targets": True})
        run = f"/agents/{agent_id}/run/"
        provider.queue(Script(deltas=(ANSWER,)), Script(status=400, message="The moon is in the way."))
        answered = person.request("POST", run, {"message": "Where is my parcel?"}, expect=200).json()
        person.request("POST", run, {"message": "And my money?"}, expect=502)
        conversation = f"/conversations/{answered['conversation_id']}/"
        shared = person.request("POST", f"{conversation}share/", {}, expect=201).json()
        workspace_id = person.request("GET", "/workspaces/", expect=200).json()["results"][0]["id"]
        model_id = person.request("GET", "/models/", expect=200).json()["results"][0]["id"]
        places = {
            "agent_id": agent_id, "conversation_id": answered["conversation_id"], "run_id": answered["run_id"],
            "number": "1", "kind": "handoffs", "item_id": handoff["id"], "provider_id": added["id"], "tool_id": tool_id,
            "integration_id": integration_id, "model_id": model_id, "workspace_id": workspace_id,
            "share_link": shared["url"].rstrip("/").rpartition("/")[2],
        }  # fmt: skip
        return cls(stack, provider, person, places)
