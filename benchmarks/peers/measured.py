"""What one library showed on one data set, over all rounds."""

import dataclasses
import statistics

from recall import rate_at

TARGETS = (0.90, 0.95, 0.99, 0.999)
FILE = "peers.jsonl"


@dataclasses.dataclass
class Measured:
    """Medians over the rounds; `own` says that it is Palate's, `lines` has one entry a beam.

    `beside` holds what only some have: kernel, build_seconds_two_threads, built (the day of an
    index that was kept from before).
    """

    name: str
    own: bool
    rows: int
    build_seconds: float
    resident_bytes: int
    index_bytes: int | None
    lines: list
    beside: dict = dataclasses.field(default_factory=dict)

    @property
    def points(self):
        """(recall, rate) of every beam."""
        return [(line["recall"], line["qps"]) for line in self.lines]

    @property
    def bytes_per_item(self):
        """Resident bytes by row."""
        return self.resident_bytes / self.rows

    def rate(self, target):
        """Queries per second at a recall; None where no beam reaches it."""
        return rate_at(self.points, target)

    def is_below(self, target):
        """Whether a beam stayed under a recall: else the rate at it is a lower bound."""
        return min(recall for recall, _ in self.points) < target

    def latencies(self, target):
        """(p50, p99) in microseconds of the first beam that reaches a recall, or None."""
        reaching = [line for line in self.lines if line["recall"] >= target]
        if not reaching:
            return None
        first = min(reaching, key=lambda line: line["beam"])
        return first["p50_us"], first["p99_us"]

    def json_lines(self, data_set):
        """One named line a beam, as `results_log` keeps them."""
        shared = {
            "own": self.own,
            "rows": self.rows,
            "build_seconds": self.build_seconds,
            "resident_bytes": self.resident_bytes,
            "index_bytes": self.index_bytes,
            **self.beside,
        }
        prefix = f"peers/{data_set}/{self.name}/beam"
        return [
            {"name": f"{prefix}{line['beam']:04}", **rounded({**shared, **line})}
            for line in self.lines
        ]


def rounded(figures):
    """Figures without digits that mean nothing."""
    return {
        key: round(value, 5) if isinstance(value, float) else value
        for key, value in figures.items()
    }


def median_lines(rounds):
    """The median of every figure of each beam, in the order of the beams."""
    by_beam = {}
    for line in (line for lines in rounds for line in lines):
        by_beam.setdefault(line["beam"], []).append(line)
    return [
        {
            "beam": beam,
            **{
                key: statistics.median(line[key] for line in lines)
                for key in lines[0]
                if key != "beam"
            },
        }
        for beam, lines in sorted(by_beam.items())
    ]


def beams_beside(lines):
    """The beams on either side of each recall of TARGETS, in order, and the smallest."""
    lines = sorted(lines, key=lambda line: line["beam"])
    chosen = {lines[0]["beam"]}
    for target in TARGETS:
        below = [line["beam"] for line in lines if line["recall"] < target]
        above = [line["beam"] for line in lines if line["recall"] >= target]
        chosen |= {*below[-1:], *above[:1]}
    return sorted(chosen)


def from_json(lines):
    """Data sets, each with its libraries in the order of the lines: `json_lines` turned around."""
    shared = {field.name for field in dataclasses.fields(Measured)} - {"lines", "beside", "name"}
    figures = {"beam", "recall", "p50_us", "p99_us"}
    figures |= {"qps", "batch_qps", "single_qps", "wall_qps"}
    found = {}
    for line in lines:
        _, data_set, name, _ = line["name"].split("/")
        libraries = found.setdefault(data_set, {})
        if name not in libraries:
            rest = set(line) - shared - figures - {"name"}
            libraries[name] = Measured(
                name=name,
                lines=[],
                beside={key: line[key] for key in sorted(rest)},
                **{key: line[key] for key in shared},
            )
        libraries[name].lines.append({key: line[key] for key in line if key in figures})
    return found
