"""Bars as SVG: a figure per row, one shape of traffic a picture."""
from html import escape

WIDTH, BAR, GAP, LABEL = 760, 18, 8, 150
OURS, OTHERS = "#0b7285", "#adb5bd"


def bars(title, unit, values):
    """The picture's text. `values` is {row: (value, least, most)}; the thin line is the rounds' spread."""
    most = max(high for _, _, high in values.values()) or 1
    scale = (WIDTH - LABEL - 90) / most
    height = 44 + len(values) * (BAR + GAP)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="13">',
           '<rect width="100%" height="100%" fill="white"/>',
           f'<text x="8" y="22" font-weight="bold">{escape(title)}, {escape(unit)}</text>']
    for at, (row, (value, low, high)) in enumerate(values.items()):
        y = 36 + at * (BAR + GAP)
        middle, end = y + BAR / 2, LABEL + high * scale
        out += [f'<text x="{LABEL - 8}" y="{y + 14}" text-anchor="end">{escape(row)}</text>',
                f'<rect x="{LABEL}" y="{y}" width="{value * scale:.1f}" height="{BAR}" '
                f'fill="{OURS if row.startswith("outrider") else OTHERS}"/>',
                f'<line x1="{LABEL + low * scale:.1f}" x2="{end:.1f}" y1="{middle}" y2="{middle}" stroke="black"/>',
                f'<text x="{end + 6:.1f}" y="{y + 14}">{value:,.1f}</text>']
    return "\n".join([*out, "</svg>", ""])
