"""Doing checks, and doing what guardrails say with the text: the same in runs and in the test panel."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from agent_app.guardrails import registry
from agent_app.guardrails.registry import (
    BLOCK,
    REDACT,
    REPLACE,
    WARN,
    CheckContext,
    CheckFailed,
    CheckRefused,
    PureKind,
)
from agent_app.guardrails.verdict import Verdict, redacted_parts
from config.lib.errors import InvalidInput, NotEnoughCredits

logger = logging.getLogger(__name__)

Guard = Mapping[str, Any]
SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What one guardrail has said of a text."""

    guardrail: Guard
    verdict: Verdict
    seconds: float

    @property
    def message(self) -> str:
        return registry.message_of(self.guardrail, self.verdict)


async def check(guardrail: Guard, text: str, context: CheckContext) -> Checked:
    """Ask one guardrail. What goes wrong in a check is its verdict: the text does not pass, unless its config says that it does.

    Raises NotEnoughCredits.
    """
    began = time.perf_counter()
    verdict = await _verdict(guardrail, text, context)
    return Checked(guardrail=guardrail, verdict=verdict, seconds=time.perf_counter() - began)


async def _verdict(guardrail: Guard, text: str, context: CheckContext) -> Verdict:
    config = guardrail["config"]
    try:
        kind = registry.get(guardrail["implementation"])
        if (refused := registry.too_long(text)) is not None:
            return refused
        if isinstance(kind, PureKind):
            return (
                await asyncio.to_thread(registry.checked, kind, text, config)
                if kind.costly(text, config)
                else registry.checked(kind, text, config)
            )
        async with asyncio.timeout(SECONDS):
            return await kind.verdict(text, config, context)
    except NotEnoughCredits:
        raise
    except CheckRefused as error:
        return Verdict(tripped=True, failed=True, message=error.message)
    except CheckFailed as error:
        return registry.failed(config, error.message)
    except TimeoutError:
        return registry.failed(config, _("The check took longer than %(seconds)d s.") % {"seconds": SECONDS})
    except InvalidInput:
        return Verdict(tripped=True, failed=True, message=_("There is no such kind of guardrail here any more."))
    except Exception:
        logger.exception("a guardrail failed by a fault of ours", extra={"guardrail": guardrail["name"]})
        return registry.failed(config, _("The check itself failed. The fault was recorded."))


def parts_after(guardrail: Guard, verdict: Verdict, parts: Sequence[str]) -> list[str] | None:
    """What goes on of a text in parts, once a guardrail has said ``verdict`` of it; None where nothing does."""
    action = guardrail["action"]
    if not verdict.tripped or action == WARN:
        return list(parts)
    replacement = registry.replacement_of(guardrail, verdict)
    if action == BLOCK or verdict.failed or replacement is None:
        return None
    if action == REPLACE:
        return [replacement, *("" for _part in parts[1:])]
    if action == REDACT and verdict.matches:
        return redacted_parts(parts, verdict.matches, replacement)
    return None


def stops(guardrail: Guard, verdict: Verdict) -> bool:
    return parts_after(guardrail, verdict, [""]) is None
