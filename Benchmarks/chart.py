# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Crossfade authors
"""The plot of docs/performance.svg: a bar for each ratio, with marks at what it must be and at the aim."""

from xml.sax.saxutils import escape

# Widths of the words and of the bars, in pixels.
WORDS, BARS, NUMBERS = 430, 380, 60
LINE, BAR, TOP, BOTTOM = 28, 14, 46, 26

# Readers with dark pages get light words: an image does not inherit the page's colours.
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #24292f }
  .work { text-anchor: end } .small { font-size: 11px }
  .met { fill: #2da44e } .missed { fill: #d1653a }
  .must { stroke: #24292f; stroke-width: 2.5 } .aim { stroke: #24292f; stroke-width: 1.5; stroke-dasharray: 2 2 }
  .grid { stroke: #8c959f; stroke-opacity: 0.4 }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .must, .aim { stroke: #e6edf3 } }
"""


def draw(values):
    """The SVG of (goal, value) pairs; those that are no ratios are left to the table."""
    ratios = [(goal, value) for goal, value in values if goal.peer]
    most = max(1.5, *(max(value, goal.must, goal.aim) for goal, value in ratios))
    width, height = WORDS + BARS + NUMBERS, TOP + LINE * len(ratios) + BOTTOM

    def at(ratio):
        return round(WORDS + BARS * ratio / most, 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-labelledby="title">',
        '<title id="title">Ratios of Crossfade to its peers, and what they must be</title>',
        f"<style>{STYLE}</style>",
        *key(at(0)),
    ]
    for step in range(int(most / 0.25) + 1):
        parts += grid(at(step * 0.25), f"{step * 0.25:g}", height)
    for number, (goal, value) in enumerate(ratios):
        parts += bar(goal, value, at, TOP + LINE * number)
    return "\n".join([*parts, "</svg>", ""])


def key(left):
    """What the marks mean; on a line of its own above the bars."""
    return [
        f'<line class="must" x1="{left}" x2="{left}" y1="10" y2="26"/>',
        f'<text class="small" x="{left + 6}" y="22">must</text>',
        f'<line class="aim" x1="{left + 50}" x2="{left + 50}" y1="10" y2="26"/>',
        f'<text class="small" x="{left + 56}" y="22">aim</text>',
        f'<rect class="met" x="{left + 95}" y="13" width="{BAR}" height="10"/>',
        f'<text class="small" x="{left + 113}" y="22">met</text>',
        f'<rect class="missed" x="{left + 150}" y="13" width="{BAR}" height="10"/>',
        f'<text class="small" x="{left + 168}" y="22">missed</text>',
    ]


def grid(x, words, height):
    bottom = height - BOTTOM
    return [
        f'<line class="grid" x1="{x}" x2="{x}" y1="{TOP - 8}" y2="{bottom}"/>',
        f'<text class="small" x="{x}" y="{bottom + 16}" text-anchor="middle">{words}</text>',
    ]


def bar(goal, value, at, top):
    kind, middle = "met" if goal.is_met(value) else "missed", top + BAR / 2
    # Of most rows less is better; the others say so.
    work = goal.work + (" (more is better)" if goal.at_least else "")
    end = max(value, goal.must, goal.aim)
    parts = [
        f'<text class="work" x="{at(0) - 10}" y="{middle + 4.5}">{escape(work)}</text>',
        f'<rect class="{kind}" x="{at(0)}" y="{top}" width="{round(at(value) - at(0), 1)}" height="{BAR}"/>',
        f'<text x="{at(end) + 8}" y="{middle + 4.5}">{value:.2f}</text>',
    ]
    for mark, ratio in (("must", goal.must), ("aim", goal.aim)):
        parts.append(f'<line class="{mark}" x1="{at(ratio)}" x2="{at(ratio)}" y1="{top - 4}" y2="{top + BAR + 4}"/>')
    return parts
