"""Damage to an LMDB data file: what a disk does to pages, each kind a function.

A function takes the file's bytes (changed in place), earlier states of the same file, the numbers
of the pages it may choose from, and a generator; it returns what it did in words.
"""

import struct

PAGE = 4_096
HEADER = 16
# LMDB 0.9: of pages and nodes.
LEAF, IN_OVERFLOW, IS_TABLE = 0x02, 0x01, 0x02
NO_ROOT = (1 << 64) - 1
# Where the roots of the two trees of a commit are in its meta page, and its number.
FREE_ROOT, MAIN_ROOT, COMMIT = 80, 128, 144
# Of the damages, one in so many goes to a page that nothing refers to.
UNUSED_EVERY = 8


def pages_by_use(content):
    """What a page is for to page numbers: "meta", a table's name, "unused" for what is left.

    Follows the trees of the last commit, of a sound file.
    """
    newer = max((0, PAGE), key=lambda meta: _u64(content, meta + COMMIT))
    uses = {"meta": [0, 1]}
    roots = [
        ("(free pages)", _u64(content, newer + FREE_ROOT)),
        ("(tables)", _u64(content, newer + MAIN_ROOT)),
    ]
    for name, root in roots:  # grows: a leaf of the main tree names tables
        waiting = [root] if root != NO_ROOT else []
        while waiting:
            page = waiting.pop()
            uses.setdefault(name, []).append(page)
            for flags, key, value in _nodes(content, page):
                if flags is None:
                    waiting.append(value)
                elif flags & IN_OVERFLOW:
                    first = _u64(content, value)
                    (run,) = struct.unpack_from("<12xI", content, first * PAGE)
                    uses[name] += range(first, first + run)
                elif flags & IS_TABLE:
                    roots.append((key.decode(), _u64(content, value + 40)))
    used = {page for pages in uses.values() for page in pages}
    unused = [page for page in range(len(content) // PAGE) if page not in used]
    return uses | ({"unused": unused} if unused else {})


def _nodes(content, page):
    """(None, key, child) of a branch; (flags, key, place of the value) of a leaf."""
    start = page * PAGE
    kind, lower = struct.unpack_from("<10xHH", content, start)
    for index in range((lower - HEADER) // 2):
        node = start + struct.unpack_from("<H", content, start + HEADER + 2 * index)[0]
        low, high, flags, key_bytes = struct.unpack_from("<HHHH", content, node)
        key = bytes(content[node + 8 : node + 8 + key_bytes])
        if kind & LEAF:
            yield flags, key, node + 8 + key_bytes
        else:
            yield None, key, low | high << 16 | flags << 32


def _u64(content, place):
    return struct.unpack_from("<Q", content, place)[0]


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
    """A write that never reached the disk: the page is as it was some time before.

    Of a meta page that is an older commit, whole and sound: nothing in the file can tell.
    """
    olds = []
    for state in earlier:
        for page in pages:
            old, now = (one[page * PAGE : (page + 1) * PAGE] for one in (state, content))
            # Hardest to tell is a page of the same kind, with as many nodes as now.
            if old != now and page > 1:
                olds.append((old[:14] == now[:14], page, old))
    alike = [old for old in olds if old[0]]
    _, page, old = generator.choice(alike or olds or [(True, pages[-1], bytes(PAGE))])
    content[page * PAGE : (page + 1) * PAGE] = old.ljust(PAGE, b"\0")
    return f"page {page} as it was before"


DAMAGES = (
    flip_bit, zero_page, zero_sectors, truncate, swap_pages, copy_page, repeat_old_page,
)  # fmt: skip


def inflict(content, earlier, generator, kind=None):
    """Damages a file's bytes at random, by one kind where named; returns what was done in words."""
    uses = pages_by_use(content)
    unused = uses.pop("unused", None)
    use = generator.choice(sorted(uses))
    if unused and generator.randrange(UNUSED_EVERY) == 0:
        use, uses["unused"] = "unused", unused
    damage = generator.choice(DAMAGES)
    if kind:
        damage = next(one for one in DAMAGES if one.__name__ == kind)
    return f"{damage(content, earlier, uses[use], generator)} ({use})"
