"""What was measured as one table, and a verdict per filter."""

import dataclasses
import statistics

from cases import NONE
from measure import TARGET

# Palate's rate under a filter stands to be at least this part of its rate without one.
LEAST_PART = 1 / 4
OWN = "palate"


@dataclasses.dataclass(frozen=True)
class Figure:
    """What counts of one library with one filter: its best setting."""

    recall: float
    rate: float
    complete: bool
    setting: str

    @property
    def reaches(self):
        """Whether the recall that is compared was reached."""
        return self.recall >= TARGET

    def __str__(self):
        """`rate @ recall`; `*` where the recall was out of reach, `!` where lists were short."""
        marks = ("" if self.reaches else " *") + ("" if self.complete else " !")
        return f"{rounded(self.rate)} @ {self.recall:.3f}{marks}"


def rounded(rate):
    """A rate of three digits or so."""
    return f"{rate:,.0f}" if rate < 1_000 else f"{round(rate, -2):,.0f}"


def median_lines(rounds):
    """The lines of all rounds, one a case and setting: the median rate, the rest of the first."""
    together = {}
    for line in (line for lines in rounds for line in lines):
        together.setdefault((line["case"], tuple(line["setting"])), []).append(line)
    return [
        {
            **lines[0],
            "rate": statistics.median(line["rate"] for line in lines),
            "complete": all(line["complete"] for line in lines),
            "rounds": len(lines),
        }
        for lines in together.values()
    ]


def ordered(lines):
    """The lines of a case, the one that counts first.

    The highest rate among those that reach the recall, the next ones after it; where none
    reaches it, the best recall.
    """
    reaching = [line for line in lines if line["recall"] >= TARGET]
    if reaching:
        return sorted(reaching, key=lambda line: -line["rate"])
    return sorted(lines, key=lambda line: (-line["recall"], -line["rate"]))


def figures(lines):
    """The figure of every case, by its name."""
    found = {}
    for name in {line["case"] for line in lines}:
        best = ordered([line for line in lines if line["case"] == name])[0]
        setting = " ".join(str(part) for part in best["setting"])
        found[name] = Figure(best["recall"], best["rate"], best["complete"], setting)
    return found


def table(cases, measured):
    """A row per filter; `measured` has the figures of each library, Palate's first if at all."""
    own = measured.get(OWN, {})
    rivals = [name for name in measured if name != OWN]
    heads = ["filter", "rows that pass", *(["palate", "of unfiltered"] if own else []), *rivals]
    lines = [heads, ["---"] + ["---:"] * (len(heads) - 1)]
    for case in cases:
        cells = [case.name, f"{case.share:.4%}"]
        if own:
            cells += [str(own.get(case.name, "-")), part_of_unfiltered(own, case.name)]
        lines.append(cells + [str(measured[name].get(case.name, "-")) for name in rivals])
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def part_of_unfiltered(own, name):
    """Palate's rate with a filter as a part of its rate without."""
    if name not in own or NONE not in own:
        return "-"
    return f"{own[name].rate / own[NONE].rate:.2f}"


def fastest(case, measured):
    """(name, figure) of the fastest rival that reaches the recall, or None."""
    reaching = [(name, found[case.name]) for name, found in measured.items()
                if name != OWN and case.name in found and found[case.name].reaches]
    return max(reaching, key=lambda pair: pair[1].rate, default=None)


def verdict(case, measured):
    """One line: ahead or behind of the fastest rival, and whether a quarter of unfiltered holds."""
    own = measured[OWN].get(case.name)
    if own is None:
        return f"{case.name}: not measured"
    best = fastest(case, measured)
    if not own.reaches:
        text = f"behind: recall {own.recall:.3f}"
    elif best is None:
        text = "ahead: no rival reaches the recall"
    else:
        name, figure = best
        word = "ahead" if own.rate > figure.rate else "behind"
        text = f"{word}: {own.rate / figure.rate:.2f} of {name} ({figure.setting})"
    if case.name != NONE and NONE in measured[OWN]:
        holds = own.rate >= measured[OWN][NONE].rate * LEAST_PART
        text += f"; {'at least' if holds else 'LESS THAN'} a quarter of the unfiltered rate"
    return f"{case.name}: {text}; {'all' if own.complete else 'NOT all'} lists full"


def rivals_line(case, measured):
    """One line, where Palate was not measured: the fastest rival."""
    best = fastest(case, measured)
    if best is None:
        return f"{case.name}: no rival reaches the recall"
    return f"{case.name}: {best[0]} ({best[1].setting}) {best[1]}"
