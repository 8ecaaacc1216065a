"""What roles, and tokens, may do with credits."""

from collections.abc import Mapping
from types import MappingProxyType

from community.models import Role

LEAST_ROLE: Mapping[str, str] = MappingProxyType(
    {
        "credits.read": Role.VIEWER,  # the balance
        "billing.read": Role.OWNER,  # the ledger and the billing page
        "billing.write": Role.OWNER,
    }
)

# What a token needs where the action's name does not say it (``billing.read`` needs ``billing:read``).
SCOPE: Mapping[str, str] = MappingProxyType({"credits.read": "billing:read"})
