"""Damage to an LMDB data file: what a disk does to pages, each kind a function.

A function takes the file's bytes (changed in place), an earlier state of the same file, the numbers
of the pages it may choose from, and a generator; it returns what it did in words.
"""

import struct

PAGE = 4_096
# Kinds of pages by the flags in their header (LMDB 0.9).
KINDS = {0x01: "branch", 0x02: "leaf", 0x04: "overflow", 0x08: "meta"}


def pages_by_kind(content):
    """Kind to page numbers, as the headers say it; pages that were freed keep their old header."""
    kinds, page, count = {}, 0, len(content) // PAGE
    while page < count:
        flags, pages = struct.unpack_from("<10xHI", content, page * PAGE)
        kind = KINDS.get(flags, "other")
        run = min(pages, count - page) if kind == "overflow" else 1
        kinds.setdefault(kind, []).extend(range(page, page + max(run, 1)))
        page += max(run, 1)
    return kinds


def flip_bit(content, _, pages, generator):
    """One bit, as often as not in the header and the table of nodes."""
    page = generator.choice(pages)
    place = page * PAGE + generator.randrange(generator.choice([160, PAGE]))
    bit = generator.randrange(8)
    content[place] ^= 1 << bit
    return f"bit {bit} of byte {place - page * PAGE} of page {page} flipped"


def zero_page(content, _, pages, generator):
    """A page that reads as zeros."""
    page = generator.choice(pages)
    content[page * PAGE : (page + 1) * PAGE] = bytes(PAGE)
    return f"page {page} zeroed"


def zero_sectors(content, _, pages, generator):
    """The end of a page that was never written."""
    page = generator.choice(pages)
    start = generator.randrange(1, 8) * 512
    content[page * PAGE + start : (page + 1) * PAGE] = bytes(PAGE - start)
    return f"page {page} zeroed from byte {start}"


def truncate(content, _, pages, generator):
    """A file that ends early, at a page or inside one."""
    length = generator.choice(pages) * PAGE + generator.choice([0, 0, generator.randrange(PAGE)])
    del content[length:]
    return f"cut to {length} bytes"


def swap_pages(content, _, pages, generator):
    """Two pages, each where the other ought to be."""
    first, second = generator.choice(pages), generator.randrange(len(content) // PAGE)
    one = content[first * PAGE : (first + 1) * PAGE]
    content[first * PAGE : (first + 1) * PAGE] = content[second * PAGE : (second + 1) * PAGE]
    content[second * PAGE : (second + 1) * PAGE] = one
    return f"pages {first} and {second} swapped"


def copy_page(content, _, pages, generator):
    """A write that went to the wrong place."""
    source, target = generator.randrange(len(content) // PAGE), generator.choice(pages)
    content[target * PAGE : (target + 1) * PAGE] = content[source * PAGE : (source + 1) * PAGE]
    return f"page {source} written over page {target}"


def repeat_old_page(content, earlier, pages, generator):
    """A write that never reached the disk: the page is as it was some time before."""
    changed = [
        page
        for page in pages
        if (page + 1) * PAGE <= len(earlier)
        and earlier[page * PAGE : (page + 1) * PAGE] != content[page * PAGE : (page + 1) * PAGE]
    ]
    page = generator.choice(changed or pages)
    old = earlier[page * PAGE : (page + 1) * PAGE]
    content[page * PAGE : page * PAGE + len(old)] = old
    return f"page {page} as it was before"


DAMAGES = (
    flip_bit, zero_page, zero_sectors, truncate, swap_pages, copy_page, repeat_old_page,
)  # fmt: skip


def inflict(content, earlier, generator):
    """Damages a file's bytes at random; returns what was done in words."""
    kinds = pages_by_kind(content)
    kind = generator.choice(sorted(kinds))
    damage = generator.choice(DAMAGES)
    return f"{damage(content, earlier, kinds[kind], generator)} ({kind})"
