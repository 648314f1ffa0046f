"""The comparison as pictures: recall against rate, and bytes per item against rate."""

import matplotlib

matplotlib.use("svg")

import matplotlib.pyplot as plot  # noqa: E402

# The same picture from the same figures, byte by byte.
matplotlib.rcParams["svg.hashsalt"] = "palate"
# Palate's lines stand out; rivals share a quiet palette.
MARKERS = "ovs^D<>pPX*hd"
LEAST_RECALL = 0.8
# All found is drawn as if one of this many were missed: the scale is logarithmic.
LEAST_MISS = 1e-4
TICKS = (0.8, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999)


def draw(data_set, libraries, path):
    """Writes one SVG: on the left every beam, on the right the rates at 0.95 and 0.99 by bytes."""
    figure, (left, right) = plot.subplots(1, 2, figsize=(14, 6))
    for place, library in enumerate(libraries):
        style = style_of(library, place)
        points = [point for point in library.points if point[0] >= LEAST_RECALL]
        left.plot(
            [max(1 - recall, LEAST_MISS) for recall, _ in points], [rate for _, rate in points],
            label=library.name, **style,
        )
        for target, filled in ((0.95, False), (0.99, True)):
            rate = library.rate(target)
            if rate is not None:
                right.plot(
                    [library.bytes_per_item], [rate], marker=style["marker"],
                    color=style["color"], fillstyle="full" if filled else "none",
                )
                if filled:
                    right.annotate(
                        library.name, (library.bytes_per_item, rate), fontsize=7,
                        textcoords="offset points", xytext=(5, 3),
                    )
    left.set(xscale="log", yscale="log", xlabel="recall@10", ylabel="queries/s, one thread",
             title=f"{data_set}: recall against rate")
    left.set_xticks([1 - tick for tick in TICKS], [f"{tick:g}" for tick in TICKS])
    left.minorticks_off()
    left.set_xlim(1 - LEAST_RECALL, LEAST_MISS * 0.9)
    right.set(xscale="log", yscale="log", xlabel="resident bytes per item",
              ylabel="queries/s, one thread",
              title=f"{data_set}: memory against rate at recall 0.95 (hollow), 0.99 (filled)")
    for axes in (left, right):
        axes.grid(True, which="both", alpha=0.25)
    left.legend(fontsize=7, loc="lower left")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plot.close(figure)


def style_of(library, place):
    """Colour, marker and width of a library."""
    colours = plot.get_cmap("tab20").colors
    return {
        "color": "black" if library.own else colours[place % len(colours)],
        "linewidth": 2.5 if library.own else 1,
        "linestyle": "-" if library.own else "--",
        "marker": MARKERS[place % len(MARKERS)],
        "markersize": 5,
    }
