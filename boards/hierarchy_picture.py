"""A unit's parts as a picture: each as wide as its share of the tables, above its own parts."""

from html import escape

from proofmill.boards.hierarchy import Part

WIDTH, ROW = 1200, 28
LETTER = 7.5
"""Width of a letter, about: a name is cut where its part is narrower."""

COLOURS = ("#cfe2f3", "#d9ead3", "#fff2cc", "#f4cccc", "#d9d2e9", "#fce5cd")


def picture(parts: list[Part], depth: int) -> str:
    """SVG of the tree, so many levels deep; a part's figures are shown where one points at it."""
    shown = [part for part in parts if part.depth <= depth]
    scale = WIDTH / max(1, parts[0].total.lut)
    begins = {"": 0.0}  # where the next part of each begins
    boxes = []
    for part in shown:
        parent = part.path.rpartition(".")[0]
        left = begins[parent]
        width = part.total.lut * scale
        begins[parent] = left + width
        begins[part.path] = left
        used = part.total
        told = (f"{part.path or part.name}: {used.lut:,} tables, {used.dsp:,} DSP blocks, "
                f"{used.ff:,} registers, {used.bram:,} memories")
        name = part.name[:max(0, int(width / LETTER) - 1)]
        top = part.depth * ROW
        boxes.append(
            f'<g><title>{escape(told)}</title><rect x="{left:.1f}" y="{top}" width="{width:.1f}" '
            f'height="{ROW - 2}" fill="{COLOURS[part.depth % len(COLOURS)]}" stroke="#666"/>'
            f'<text x="{left + 4:.1f}" y="{top + 18}">{escape(name)}</text></g>')
    height = ROW * (max(part.depth for part in shown) + 1)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'font-family="monospace" font-size="12">\n' + "\n".join(boxes) + "\n</svg>\n")
