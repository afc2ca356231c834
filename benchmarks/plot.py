"""The results as a picture: a bar for every ratio, the peer at 1."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from statistics import median

from benchmarks.measure import Result

__all__ = ["draw"]

LEFT, WIDTH, ROW = 330, 420, 22
TOP, RIGHT = 64, 90

STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.quiet { fill: #59636e }
.bar { fill: #0969da } .more { fill: #bc4c00 }
.spread { stroke: #1f2328; stroke-width: 1.5 }
.peer { stroke: #59636e; stroke-dasharray: 4 3 } .grid { stroke: #d1d9e0 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .quiet { fill: #9198a1 }
  .bar { fill: #4493f8 } .more { fill: #f0883e }
  .spread { stroke: #f0f6fc } .peer { stroke: #9198a1 } .grid { stroke: #3d444d }
}
"""


def draw(results: Sequence[Result], title: str) -> str:
    """Return the SVG text; results without values are left out."""
    shown = [result for result in results if result.values]
    most = max((max(result.values) for result in shown), default=1.0)
    scale = WIDTH / max(most, 1.0)
    height = TOP + ROW * len(shown) + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + RIGHT} {height}"'
        f' role="img" aria-label="{escape(title)}">',
        f"<style>{STYLE}</style>",
        f'<text x="12" y="24" font-weight="600">{escape(title)}</text>',
        '<text class="quiet" x="12" y="44">shorter is better; the line is least to most</text>',
    ]
    for tick in range(int(most) + 1):
        x = LEFT + tick * scale
        kind = "peer" if tick == 1 else "grid"
        label = "peer = 1" if tick == 1 else str(tick)
        parts += [
            f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 8}" y2="{height - 8}"/>',
            f'<text class="quiet" x="{x:.1f}" y="{TOP - 14}" text-anchor="middle">{label}</text>',
        ]
    for number, result in enumerate(shown):
        y = TOP + ROW * number
        mid, low, high = (take(result.values) * scale for take in (median, min, max))
        kind = "bar" if median(result.values) <= 1 else "more"
        label = escape(f"{result.question} / {result.against}")
        parts += [
            f'<text x="{LEFT - 10}" y="{y + 14}" text-anchor="end">{label}</text>',
            f'<rect class="{kind}" x="{LEFT}" y="{y + 3}" width="{mid:.1f}" height="{ROW - 8}"'
            ' rx="2"/>',
            f'<line class="spread" x1="{LEFT + low:.1f}" x2="{LEFT + high:.1f}"'
            f' y1="{y + 10}" y2="{y + 10}"/>',
            f'<text x="{LEFT + max(high, mid) + 8:.1f}" y="{y + 14}">'
            f"{median(result.values):.2g}</text>",
        ]
    return "\n".join([*parts, "</svg>", ""])
