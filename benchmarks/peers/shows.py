"""The bars that the comparison is judged by: ratios of Palate to its rivals, with a verdict each.

A bar whose data set or library was not measured is not judged. Rates are those at a recall, by the
best configuration that meets the bar's memory; bytes are resident bytes.
"""

import dataclasses

FASHION, CLUSTERS, GLOVE, OPENCLIPART = "fashion-mnist", "clusters-1m", "glove", "openclipart"
FASTEST = "symphonyqg"
EIGHT_BIT, EXACT = "palate-sq8", "hnswlib"
# Configurations that are run on forced kernels: NAME@LEVEL.
AVX2 = "@avx2"
# Rivals that are inverted lists: quick to build, and no graph.
LISTS = "fastscan"
SMALL_BYTES = 80e6
SHARE_OF_FASTEST, SHARE_OF_EXACT = 0.4, 0.1


@dataclasses.dataclass(frozen=True)
class Verdict:
    """One bar: what was found and what is asked for, `least` or `most` of it."""

    show: int
    text: str
    ratio: float | None
    bar: float
    at_most: bool = False

    @property
    def passed(self):
        """Whether the bar is met; a ratio that does not exist is not."""
        if self.ratio is None:
            return False
        return self.ratio <= self.bar if self.at_most else self.ratio >= self.bar

    def __str__(self):
        ratio = "none reaches it" if self.ratio is None else f"{self.ratio:.2f}"
        sign = "<=" if self.at_most else ">="
        return (f"Show {self.show}: {ratio} {self.text} (bar {sign} {self.bar:g}): "
                f"{'passed' if self.passed else 'MISSED'}")


def judge(measured):
    """All verdicts for {data set: [Measured]}."""
    verdicts = []
    for data_set, libraries in measured.items():
        sides = Sides(data_set, libraries)
        if sides.own and sides.rivals:
            for judged in JUDGES.get(data_set, ()):
                verdicts += judged(sides)
            verdicts += building(sides)
            verdicts += forced_kernels(sides)
    return sorted(verdicts, key=lambda verdict: verdict.show)


class Sides:
    """Palate's configurations and the rivals on one data set."""

    def __init__(self, data_set, libraries):
        self.data_set = data_set
        self.own = [one for one in libraries if one.own and "@" not in one.name]
        self.forced = [one for one in libraries if one.own and one.name.endswith(AVX2)]
        self.rivals = [one for one in libraries if not one.own]

    def named(self, name):
        """The library of that name, or None."""
        return next((one for one in self.own + self.rivals if one.name == name), None)


def best(libraries, target):
    """The fastest library at a recall and its rate, or (None, None)."""
    reaching = [one for one in libraries if one.rate(target) is not None]
    if not reaching:
        return None, None
    fastest = max(reaching, key=lambda one: one.rate(target))
    return fastest, fastest.rate(target)


def against_best(sides, show, own, rivals, targets, bar, condition=""):
    """Palate's best against the rivals' best, at each recall that a rival reaches."""
    for target in targets:
        rival, rate = best(rivals, target)
        if rival is None:
            continue
        ours, our_rate = best(own, target)
        by = f"{ours.name}, {ours.resident_bytes / 1e6:,.0f} MB, " if ours else ""
        text = (f"x best rival{condition} ({by}{rival.name} {rival.resident_bytes / 1e6:,.0f} MB) "
                f"at {target:g} on {sides.data_set}")
        yield Verdict(show, text, our_rate and our_rate / rate, bar)


def within_share_of_fastest(sides):
    """Palate's configurations within their share of SymphonyQG's memory, or None."""
    fastest = sides.named(FASTEST)
    if fastest is None:
        return None
    most = SHARE_OF_FASTEST * fastest.resident_bytes
    return [one for one in sides.own if one.resident_bytes <= most]


def fashion(sides):
    """Show 1: fastest within 40 % of SymphonyQG's memory, and among the small ones."""
    within = within_share_of_fastest(sides)
    if within is not None:
        yield from against_best(sides, 1, within, sides.rivals, (0.95, 0.99, 0.999), 1.25)
    small, rivals = (
        [one for one in side if one.resident_bytes <= SMALL_BYTES]
        for side in (sides.own, sides.rivals)
    )
    yield from against_best(
        sides, 1, small, rivals, (0.95, 0.99, 0.999), 1.5, " of at most 80 MB"
    )


def clusters(sides):
    """Show 2: at least SymphonyQG's rate in 40 % of its memory; 2.5 times Glass in Glass's."""
    within = within_share_of_fastest(sides)
    if within is not None:
        yield from against_best(sides, 2, within, sides.rivals, (0.95, 0.99, 0.999), 1)
    for glass in (one for one in sides.rivals if one.name.startswith("glass")):
        no_larger = [one for one in sides.own if one.resident_bytes <= glass.resident_bytes]
        yield from against_best(
            sides, 2, no_larger, [glass], (0.95, 0.99), 2.5, " Glass at no more memory"
        )


def any_rival(sides):
    """Show 3: ahead of every rival."""
    yield from against_best(sides, 3, sides.own, sides.rivals, (0.95, 0.99), 1.1)


def small_memory(sides):
    """Show 4: a tenth of hnswlib's memory at a quarter of the 8-bit rate, recall 0.95."""
    exact, eight_bit = sides.named(EXACT), sides.named(EIGHT_BIT)
    if exact is None or eight_bit is None:
        return
    least = min(
        (one for one in sides.own if one.rate(0.95) is not None),
        key=lambda one: one.resident_bytes,
        default=None,
    )
    ratio = least and least.resident_bytes / exact.resident_bytes
    name = f"({least.name}) " if least else ""
    yield Verdict(4, f"x hnswlib's bytes {name}at recall 0.95", ratio, SHARE_OF_EXACT, at_most=True)
    most = SHARE_OF_EXACT * exact.resident_bytes
    _, rate = best([one for one in sides.own if one.resident_bytes <= most], 0.95)
    reference = eight_bit.rate(0.95)
    ratio = rate and reference and rate / reference
    yield Verdict(4, f"x {EIGHT_BIT}'s rate at 0.95 within a tenth of hnswlib's bytes", ratio, 0.25)


def building(sides):
    """Show 5: built no slower than the rival built fastest that reaches 0.99; faster on two."""
    own = [one for one in sides.own if one.rate(0.99) is not None]
    reaching = [one for one in sides.rivals if one.rate(0.99) is not None]
    graphs = [one for one in reaching if not one.name.endswith(LISTS)]
    for what, rivals in (("graph", graphs), ("index of any kind", reaching)):
        if not rivals or not own:
            continue
        rival, ours = (min(side, key=lambda one: one.build_seconds) for side in (rivals, own))
        text = (f"x the seconds of the {what} built fastest that reaches 0.99 ({ours.name}, "
                f"{rival.name}) on {sides.data_set}")
        yield Verdict(5, text, ours.build_seconds / rival.build_seconds, 1, at_most=True)
    for one in sides.own:
        seconds = one.beside.get("build_seconds_two_threads")
        if seconds:
            text = f"x as fast built on two threads ({one.name}) on {sides.data_set}"
            yield Verdict(5, text, one.beside["wall_build_seconds"] / seconds, 1.85)


def forced_kernels(sides):
    """Show 6: with AVX2 alone still ahead of every rival but SymphonyQG."""
    others = [one for one in sides.rivals if not one.name.startswith(FASTEST)]
    if sides.forced and others:
        yield from against_best(
            sides, 6, sides.forced, others, (0.95, 0.99, 0.999), 1, " but SymphonyQG"
        )


JUDGES = {
    FASHION: (fashion,),
    CLUSTERS: (clusters,),
    GLOVE: (any_rival,),
    OPENCLIPART: (any_rival, small_memory),
}
