"""Project package. Every entry point imports it first.

The folder ``agents/`` is an import root (see ``agents/README.md``): it must be on ``sys.path`` before
Django loads ``agent_app``, and it must not hide the OpenAI Agents SDK, whose import name is ``agents``.
"""

import sys
from pathlib import Path

AGENTS_ROOT = str(Path(__file__).resolve().parent.parent / "agents")

if AGENTS_ROOT not in sys.path:
    sys.path.append(AGENTS_ROOT)
