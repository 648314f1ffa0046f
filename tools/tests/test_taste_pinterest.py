"""The table of the Pinterest graph: its split, its rows and its verdicts, on a small graph."""

import pathlib
import sys

import numpy as np
import palate
import pytest

BENCHMARKS = pathlib.Path(__file__).resolve().parents[2] / "benchmarks"
sys.path[:0] = [str(BENCHMARKS), str(BENCHMARKS / "taste"), str(BENCHMARKS.parent / "tools")]

import pinterest  # noqa: E402
import serving  # noqa: E402
import slates  # noqa: E402


@pytest.fixture
def task(tmp_path):
    """40 people who have 10 of the 15 items of their third of the catalogue."""
    random = np.random.default_rng(8)
    pairs = [
        (user, user % 3 * 15 + item)
        for user in range(40)
        for item in random.choice(15, size=10, replace=False)
    ]
    np.savez(tmp_path / "train.npz", train=np.array(pairs, dtype=np.int32))
    np.save(tmp_path / "items.svd128.f16.npy", np.ones((45, 8), np.float16))
    return pinterest.prepare(tmp_path)


def test_vectors_are_of_the_known_saves(task):
    assert len(task.users) == 40 and task.known.lengths.tolist() == [8] * 40
    assert task.vectors.shape == (45, 44) and task.judge.truth.counts.tolist() == [2] * 40


def test_baselines_rank_the_own_third_first(task):
    rows = dict(pinterest.baseline_rows(task, [200.0]))
    assert list(rows)[-1] == "EASE 200" and len(rows) == 6
    for name, lists in rows.items():
        serving.check_unseen(lists, task.users, task.known)
        if name in ("item cosine", "RP3beta", "EASE 200"):
            assert (lists[:, :7] // 15 == (task.users % 3)[:, None]).all()
    with pytest.raises(SystemExit, match="own history"):
        serving.check_unseen(task.known.items.reshape(40, 8), task.users, task.known)


def test_verdicts_compare_with_the_best_ease(task, capsys):
    lists = dict(pinterest.baseline_rows(task, [1.0, 200.0]))
    lists |= {"plain": lists["popularity"], "blend": lists["EASE 200"]}
    lines = {name: task.judge.figures(found) for name, found in lists.items()}
    for name, recall in (("plain", 0.1), ("blend", 0.2), ("EASE 1", 0.3), ("EASE 200", 0.1)):
        lines[name]["recall_at_20"] = recall
    assert not pinterest.verdicts(task, lines, lists)
    printed = capsys.readouterr().out
    assert "holds: blend / plain 2.000" in printed and "FAILS: blend / EASE 1 0.667" in printed
    lines["EASE 1"]["recall_at_20"] = 0.2
    assert pinterest.verdicts(task, lines, lists)


def test_a_term_that_is_not_there_is_named_and_skipped(task, capsys, monkeypatch):
    def refuse(_client, term):
        if term == "fatigue":
            raise palate.PalateError("unknown term")

    monkeypatch.setattr(pinterest, "Client", lambda _: palate.Client.__new__(palate.Client))
    monkeypatch.setattr(palate.Client, "__enter__", lambda self: self)
    monkeypatch.setattr(palate.Client, "__exit__", lambda *_: None)
    monkeypatch.setattr(
        pinterest, "taste_question", lambda weights: lambda client, _: refuse(client, *weights)
    )
    assert pinterest.known_terms("nowhere", 0) == [t for t in pinterest.TERMS if t != "fatigue"]
    assert capsys.readouterr().out == "not there: term fatigue (unknown term)\n"


def test_ablation_says_what_a_term_is_worth(task, capsys):
    lists = dict(pinterest.baseline_rows(task, [1.0]))
    lists = {"blend": lists["RP3beta"], "without graph": lists["popularity"],
             "without negative": lists["RP3beta"]}
    pinterest.print_ablation(task, lists)
    graph, negative = capsys.readouterr().out.splitlines()[1:]
    assert "earns its place (100.0% of the lists differ)" in graph
    assert negative.endswith("no list differs")


def test_the_slate_claim(capsys):
    def point(recall, diversity):
        return {"recall": np.array([recall, 0.1]), "ild": np.array([diversity, diversity]),
                "ndcg": np.zeros(2)}

    assert slates.verdict({0.0: point(0.1, 0.2), 0.3: point(0.0981, 0.24)})
    assert not slates.verdict({0.0: point(0.1, 0.2), 0.3: point(0.09, 0.24)})
    assert not slates.verdict({0.0: point(0.1, 0.2), 0.3: point(0.1, 0.22)})
    assert "FAILS: ssd at 0.3: ILD +10.0%" in capsys.readouterr().out


def test_the_shared_data_is_found_above_the_checkout():
    assert pinterest.default_data().name == "pinterest37k"
