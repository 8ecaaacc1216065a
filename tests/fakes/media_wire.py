"""Embeddings, moderation and pictures as OpenAI's API answers them. Equal texts have equal vectors, similar ones similar vectors."""

import base64
import hashlib
import math
import struct
import zlib
from typing import Any

USUAL_DIMENSIONS = 1536


def embeddings(body: dict[str, Any]) -> dict[str, Any]:
    inputs = body["input"] if isinstance(body["input"], list) else [body["input"]]
    size = int(body.get("dimensions") or USUAL_DIMENSIONS)
    data = []
    for index, text in enumerate(inputs):
        vector: Any = vector_of(str(text), size)
        if body.get("encoding_format") == "base64":
            vector = base64.b64encode(struct.pack(f"<{size}f", *vector)).decode()
        data.append({"object": "embedding", "index": index, "embedding": vector})
    counted = sum(len(str(text).split()) for text in inputs)
    usage = {"prompt_tokens": counted, "total_tokens": counted}
    return {"object": "list", "data": data, "model": body["model"], "usage": usage}


def vector_of(text: str, size: int) -> list[float]:
    """A unit vector: each word has a place and a sign of its own."""
    vector = [0.0] * size
    for word in text.lower().split() or [""]:
        digest = hashlib.sha256(word.encode()).digest()
        vector[int.from_bytes(digest[:4], "big") % size] += 1.0 if digest[4] % 2 else -1.0
    length = math.sqrt(sum(value * value for value in vector)) or 1.0
    return [value / length for value in vector]


def moderations(body: dict[str, Any]) -> dict[str, Any]:
    hit = "darn" in str(body["input"]).lower()
    scores = {"harassment": 0.9 if hit else 0.01, "violence": 0.02}
    result = {"flagged": hit, "categories": {"harassment": hit, "violence": False}, "category_scores": scores}
    return {"id": "modr-fake", "model": body["model"], "results": [result]}


def images(body: dict[str, Any], created: int) -> dict[str, Any]:
    picture = base64.b64encode(png(str(body["prompt"]))).decode()
    usage = {"input_tokens": len(body["prompt"].split()), "output_tokens": 100, "total_tokens": 100}
    return {"created": created, "data": [{"b64_json": picture}] * int(body.get("n") or 1), "usage": usage}


def png(prompt: str) -> bytes:
    """A real PNG of one pixel, whose colour is the prompt's."""
    colour = hashlib.sha256(prompt.encode()).digest()[:3]

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" + colour)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", header) + part(b"IDAT", pixels) + part(b"IEND", b"")
