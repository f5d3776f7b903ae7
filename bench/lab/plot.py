"""Bars as SVG: a figure per row, one kind of traffic a picture."""
import math
import statistics
from html import escape

WIDTH, BAR, GAP, LABEL, TOP, RIGHT = 760, 18, 8, 150, 62, 110
OURS, FLOOR, OTHERS, AXIS = "#0b7285", "#495057", "#adb5bd", "#ced4da"


def bars(title, unit, values):
    """The picture's text. `values` is {row: [of each round]}: a bar is the median, the thin line goes from the least to the most."""
    # One round that went wrong would make all bars short: lines end at twice the longest bar.
    most = 2 * max(abs(statistics.median(rounds)) for rounds in values.values()) or 1
    low = max(-most, min(0, *(min(rounds) for rounds in values.values())))
    high = min(most, max(0, *(max(rounds) for rounds in values.values())))
    if low == high:
        high = most
    x = lambda value: LABEL + (min(max(value, low), high) - low) / (high - low) * (WIDTH - LABEL - RIGHT)
    bottom = TOP + len(values) * (BAR + GAP)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{bottom + 24}" font-family="sans-serif" font-size="13">',
           '<rect width="100%" height="100%" fill="white"/>',
           f'<text x="8" y="22" font-weight="bold">{escape(title)}</text>',
           f'<text x="8" y="42">{escape(unit)}: median over the rounds, and from the least to the most</text>']
    for value in ticks(low, high):
        out += [f'<line x1="{x(value):.1f}" x2="{x(value):.1f}" y1="{TOP - 6}" y2="{bottom}" stroke="{AXIS}"/>',
                f'<text x="{x(value):.1f}" y="{bottom + 15}" text-anchor="middle" fill="#495057">{short(value)}</text>']
    for at, (row, rounds) in enumerate(values.items()):
        y, middle = TOP + at * (BAR + GAP), statistics.median(rounds)
        left, right = sorted((x(0), x(middle)))
        told = short(middle) + (f" (to {short(max(rounds))})" if max(rounds) > high else "")
        line = y + BAR / 2
        colour = OURS if row.startswith(("outrider", "egress")) else FLOOR if row == "floor" else OTHERS
        out += [f'<text x="{LABEL - 8}" y="{y + 14}" text-anchor="end">{escape(row)}</text>',
                f'<rect x="{left:.1f}" y="{y}" width="{right - left:.1f}" height="{BAR}" fill="{colour}"/>',
                f'<line x1="{x(min(rounds)):.1f}" x2="{x(max(rounds)):.1f}" y1="{line}" y2="{line}" stroke="black"/>',
                f'<text x="{max(x(max(rounds)), right) + 6:.1f}" y="{y + 14}">{told}</text>']
    return "\n".join([*out, "</svg>", ""])


def ticks(low, high):
    """Round numbers from `low` to `high`, about five."""
    rough = (high - low) / 5
    unit = 10 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough)
    return [at * step for at in range(math.ceil(low / step), math.floor(high / step) + 1)]


def short(value):
    """Three digits that mean something."""
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return "0" if value == 0 else text
