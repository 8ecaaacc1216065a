"""Pictures made of an id: a glyph of eight families and a hue of twenty-four. The same id always looks the same."""

import hashlib

HUES = 24

# Paths in a 16 × 16 box; the second part is quieter.
GLYPHS = (
    '<circle cx="5" cy="8" r="5"/><path opacity=".5" d="M11 3a5 5 0 0 1 0 10z"/>',
    '<path d="M0 0h8a8 8 0 0 1-8 8z"/><path opacity=".5" d="M16 16H8a8 8 0 0 1 8-8z"/>',
    '<path d="M0 16A16 16 0 0 1 16 0v6A10 10 0 0 0 6 16z"/><circle opacity=".5" cx="13" cy="13" r="3"/>',
    '<rect width="7" height="7" rx="3.5"/><rect opacity=".5" x="9" width="7" height="7" rx="1.5"/>'
    '<rect opacity=".5" y="9" width="7" height="7" rx="1.5"/><rect x="9" y="9" width="7" height="7" rx="3.5"/>',
    '<rect x="0" y="9" width="4" height="7" rx="2"/><rect opacity=".5" x="6" y="4" width="4" height="12" rx="2"/>'
    '<rect x="12" y="0" width="4" height="16" rx="2"/>',
    '<path d="M0 0h7v16H0z"/><path opacity=".5" d="M9 0a8 8 0 0 1 0 16z"/>',
    '<path d="M8 0l8 8-8 8z"/><path opacity=".5" d="M8 0L0 8l8 8z"/>',
    '<path d="M0 8a8 8 0 0 1 16 0z"/><rect opacity=".5" y="10" width="16" height="4" rx="2"/>',
)


def look(identity: str) -> tuple[str, int]:
    """The glyph's SVG parts and the hue's number (0–23) of ``identity``."""
    digest = hashlib.sha256(identity.encode()).digest()
    return GLYPHS[digest[0] % len(GLYPHS)], digest[1] % HUES


def initials(name: str) -> str:
    words = name.split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "?"
