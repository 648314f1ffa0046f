#!/usr/bin/env python3
"""Makes `sample/thumbnails/`: `tools/sample_sheets.py SOURCE PICTURES [SAMPLE]`; needs Pillow.

SOURCE holds `items.tsv`, PICTURES is the folder its `png` column is relative to (Debian's
`openclipart-png`), SAMPLE is what `tools/sample.py` made. A sheet is a WebP of 16 x 16 cells of 64
pixels: the picture of row r of the sample is on sheet r // 256, in cell r % 256, counted from the
top left along the rows. One file a sheet: two thousand small files would be slower and larger.
"""

import csv
import pathlib
import sys

import numpy as np
from PIL import Image

CELL = 64
PER_ROW = 16
PER_SHEET = PER_ROW * PER_ROW
QUALITY = 60
# Some of the drawings are rendered to two hundred million pixels.
Image.MAX_IMAGE_PIXELS = None


def thumbnail(path):
    """A picture, fitted into a cell with a margin of one pixel; transparent where it is."""
    picture = Image.open(path).convert("RGBA")
    picture.thumbnail((CELL - 2, CELL - 2), Image.Resampling.LANCZOS)
    return picture


def make_sheet(paths):
    """Up to PER_SHEET pictures on white."""
    rows = -(-len(paths) // PER_ROW)
    sheet = Image.new("RGB", (CELL * PER_ROW, CELL * rows), "white")
    for place, path in enumerate(paths):
        picture = thumbnail(path)
        row, column = divmod(place, PER_ROW)
        left = column * CELL + (CELL - picture.width) // 2
        top = row * CELL + (CELL - picture.height) // 2
        sheet.paste(picture, (left, top), picture)
    return sheet


def main():
    if len(sys.argv) not in (3, 4):
        raise SystemExit(__doc__)
    source, pictures = map(pathlib.Path, sys.argv[1:3])
    default = pathlib.Path(__file__).resolve().parents[1] / "sample"
    sample = pathlib.Path(sys.argv[3]) if len(sys.argv) == 4 else default
    with open(source / "items.tsv", encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        places = {int(row["id"]): pictures / row["png"] for row in reader}
    ids = np.load(sample / "ids.npy").tolist()
    folder = sample / "thumbnails"
    folder.mkdir(exist_ok=True)
    for start in range(0, len(ids), PER_SHEET):
        sheet = make_sheet([places[item] for item in ids[start : start + PER_SHEET]])
        sheet.save(folder / f"sheet-{start // PER_SHEET}.webp", quality=QUALITY, method=6)
    print(f"{len(ids)} thumbnails in {folder}")


if __name__ == "__main__":
    main()
