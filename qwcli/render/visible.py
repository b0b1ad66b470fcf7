"""Untrusted text made safe to show: what would move the cursor, hide or reorder text stands as a visible sign."""

from __future__ import annotations

_NAMED = (
    (0x80, 0x9F),  # C1, among them the one-byte CSI
    (0xAD, 0xAD),
    (0x61C, 0x61C),
    (0x180E, 0x180E),
    (0x200B, 0x200F),  # zero-width, and marks of direction
    (0x2028, 0x202E),  # separators, embeddings and overrides of direction
    (0x2060, 0x206F),
    (0xD800, 0xDFFF),  # halves of surrogate pairs, which no stream can encode
    (0xFE00, 0xFE0E),  # variation selectors, but for the one that asks for an emoji
    (0xFEFF, 0xFEFF),
    (0xFFF9, 0xFFFB),
    (0xE0000, 0xE01EF),  # tags and more variation selectors: text nobody sees
)
_LINE = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "\u2421"}
for _first, _last in _NAMED:
    _LINE |= {code: f"<U+{code:04X}>" for code in range(_first, _last + 1)}
_BLOCK = {code: sign for code, sign in _LINE.items() if code not in {0x09, 0x0A}}


def visible(text: str, *, lines: bool = True) -> str:
    """The text with every control, direction and zero-width character as a sign (`␛`, `<U+202E>`).

    With `lines` newline and tab stay. Character by character, so pieces of a stream can be shown as they come.
    """
    return text.translate(_BLOCK if lines else _LINE)
