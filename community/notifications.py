"""What people are told by default, kind by kind and channel by channel. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

from community.models.notifications import Channel, NotificationKind

K = NotificationKind
# Somebody waits, or money is at stake: a mail at once. What is only nice to know waits for the daily summary.
_MAILED = frozenset({K.APPROVAL, K.INVITATION, K.BUDGET, K.CREDIT, K.MODERATION, K.MENTION, K.MESSAGE})
_SUMMED_UP = frozenset({K.COMMENT, K.REVIEW, K.REACTION, K.FOLLOW, K.RUN_FAILED})

Choices = Mapping[tuple[str, str], bool]

ICONS: Mapping[str, str] = MappingProxyType(
    {
        K.COMMENT: "message-square", K.REVIEW: "sparkles", K.REACTION: "sparkles", K.FOLLOW: "user", K.MESSAGE: "messages-square",
        K.MENTION: "message-square", K.APPROVAL: "hand", K.RUN_FAILED: "circle-x", K.BUDGET: "coins", K.CREDIT: "coins",
        K.INVITATION: "mail", K.MODERATION: "shield-check",
    }
)  # fmt: skip


def wanted(kind: str, channel: str, choices: Choices) -> bool:
    """Whether a person who chose ``choices`` wants to hear of ``kind`` by ``channel``."""
    chosen = choices.get((kind, channel))
    if chosen is not None:
        return chosen
    match channel:
        case Channel.EMAIL:
            return kind in _MAILED
        case Channel.DIGEST:
            return kind in _SUMMED_UP
    return True
