"""The comparison as Markdown."""

from measured import TARGETS


def table(libraries):
    """Rows of a data set, the fastest at recall 0.99 first; one string."""
    heads = ["library", "build s", "memory MB", "bytes/item"]
    heads += [f"{target:g}" if target > 0.9 else "0.90" for target in TARGETS]
    heads += ["p50 / p99 µs at 0.99"]
    lines = [row(heads), row(["---"] + ["---:"] * (len(heads) - 1))]
    ordered = sorted(libraries, key=lambda library: -(library.rate(0.99) or 0))
    return "\n".join(lines + [row(cells(library)) for library in ordered])


def cells(library):
    """One library's cells."""
    name = f"**{library.name}**" if library.own else library.name
    latencies = library.latencies(0.99)
    return [
        name,
        f"{library.build_seconds:,.1f}",
        f"{library.resident_bytes / 1e6:,.0f}",
        f"{library.bytes_per_item:,.0f}",
        *(rate_cell(library, target) for target in TARGETS),
        "-" if latencies is None else " / ".join(f"{value:,.0f}" for value in latencies),
    ]


def rate_cell(library, target):
    """One rate: `>` where the smallest beam is above the target already, `-` where none is."""
    rate = library.rate(target)
    if rate is None:
        return "-"
    rounded = f"{round(rate, -2):,.0f}"
    return rounded if library.is_below(target) else f"> {rounded}"


def row(texts):
    """A Markdown row."""
    return "| " + " | ".join(texts) + " |"
