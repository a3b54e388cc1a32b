"""Colours that everybody can read: contrast by WCAG 2.2, level AA, in both colour schemes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[2] / "webapp" / "static" / "xiezhi.css").read_text(encoding="utf-8")
AA = 4.5
PAIRS = [
    *(
        (text, ground)
        for text in ("ink", "soft", "accent", "seal", "soon")
        for ground in ("paper", "card", "faint")
    ),
    *((f"s{rank}-ink", f"s{rank}") for rank in range(5)),
    ("white", "button"),
]


def colours(scheme: str) -> dict[str, str]:
    light, dark = (re.search(p, CSS, re.S | re.M) for p in (r"^:root {(.*?)^}", r"^  :root {(.*?)^  }"))
    assert light is not None
    assert dark is not None
    text = light[1] + (dark[1] if scheme == "dark" else "")
    return {"white": "#ffffff", **dict(re.findall(r"--([\w-]+): (#[0-9a-f]+);", text))}


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_stands_out_from_its_ground(text: str, ground: str, scheme: str) -> None:
    palette = colours(scheme)
    bright, dim = sorted((luminance(palette[text]), luminance(palette[ground])), reverse=True)
    contrast = (bright + 0.05) / (dim + 0.05)
    assert contrast >= AA, f"{contrast:.2f}"
