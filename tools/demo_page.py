"""The demo's slates as one HTML page with pictures, from the sheets of `sample/thumbnails`."""

import base64
import html

import numpy as np

CELL = 64
PER_ROW = 16
PER_SHEET = PER_ROW * PER_ROW

STYLE = f"""
body {{ font: 14px sans-serif; margin: 24px; }}
.slate {{ display: flex; gap: 8px; margin-bottom: 24px; }}
.item {{ width: 96px; font-size: 12px; }}
.picture {{ width: {CELL}px; height: {CELL}px; }}
.parts {{ color: #666; }}
"""


class Thumbnails:
    """Finds each picture's cell by the place of its id in the sample."""

    def __init__(self, sample, ids):
        self.sheets = sample / "thumbnails"
        self.rows = {int(item): row for row, item in enumerate(ids)}
        self.used = set()

    def element(self, item):
        """A box with the picture of an item as its background."""
        sheet, cell = divmod(self.rows[int(item)], PER_SHEET)
        row, column = divmod(cell, PER_ROW)
        self.used.add(sheet)
        position = f"-{column * CELL}px -{row * CELL}px"
        return f'<div class="picture sheet-{sheet}" style="background-position: {position}"></div>'

    def styles(self):
        """The sheets that were used, inside the page: it needs no other file."""
        for sheet in sorted(self.used):
            data = base64.b64encode((self.sheets / f"sheet-{sheet}.webp").read_bytes()).decode()
            yield f".sheet-{sheet} {{ background-image: url(data:image/webp;base64,{data}); }}"


def make_page(sample, ids, picture, title, slates):
    """The page: the picture asked about, then a row for each person.

    slates: name -> (results of the client, parsed payloads).
    """
    thumbnails = Thumbnails(sample, ids)
    body = [f"<h1>{html.escape(title)}</h1>", thumbnails.element(picture)]
    for name, (results, payloads) in slates.items():
        body.append(f"<h2>for {html.escape(name)}</h2>")
        items = [
            item_box(thumbnails, results, place, payload) for place, payload in enumerate(payloads)
        ]
        body.append(f'<div class="slate">{"".join(items)}</div>')
    style = STYLE + "\n".join(thumbnails.styles())
    head = f'<meta charset="utf-8"><title>Palate: {html.escape(title)}</title>'
    return f"<!doctype html>{head}<style>{style}</style>{''.join(body)}\n"


def item_box(thumbnails, results, place, payload):
    """One result: picture, title, score and the parts that are not zero."""
    parts = [
        f"{term} {values[0, place]:.2f}"
        for term, values in results.parts.items()
        if np.any(values[0])
    ]
    return (
        f'<div class="item">{thumbnails.element(results.ids[0, place])}'
        f"{html.escape(payload['title'])}"
        f'<div class="parts">{results.scores[0, place]:.2f} = {" + ".join(parts)}</div></div>'
    )
