"""Generations: a new model's vectors beside the live ones, and in their place."""

from __future__ import annotations

from typing import Any

from . import _answers
from . import _codec as codec
from ._session import Session
from .errors import NoGeneration
from .types import Collection, Generation, Report, Thresholds

#: The gate of a generation unless asked otherwise.
THRESHOLDS = Thresholds()

(_SWAP, _CHECK, _ROLLBACK) = (0, 1, 2)
_KEPT = ("metric", "quantizer", "neighbours", "build_beam")


class GenerationCalls:
    """The part of a client that knows generations."""

    _session: Session

    def create_generation(self, name: str, dim: int, model: str = "", **schema: Any) -> Collection:
        """Makes a generation beside the live one, which goes on serving; load into it, then swap.

        The previous generation goes. The same arguments again answer the one that is there.

        Args:
            name: the collection.
            dim: components of the new model's vectors.
            model: name and version of the model, for people.
            schema: ``metric``, ``quantizer``, ``neighbours``, ``build_beam``; as live by default.
        """
        with self._session.lock:
            live = _reopened(self._session, name)
            choices = {**{field: getattr(live, field) for field in _KEPT}, **schema}
            body = codec.schema(name, dim, **choices)
            answer = self._session.call(
                codec.GENERATION_CREATE, codec.generation_create(live.handle, body, model)
            )
            return _answers.decode_collection(answer.body)

    def generations(self, name: str) -> list[Generation]:
        """Every generation of a collection: live, candidate, previous."""
        with self._session.lock:
            return _listed(self._session, name)

    def check_generation(self, name: str, thresholds: Thresholds = THRESHOLDS) -> Report:
        """Checks the candidate and changes nothing."""
        return self._change(name, _CHECK, False, thresholds)

    def swap_generation(
        self, name: str, thresholds: Thresholds = THRESHOLDS, force: bool = False
    ) -> Report:
        """Checks the candidate and makes it live where it passes; the report says whether.

        No query fails for it. With ``force`` it is swapped whatever the check says, for the record.
        """
        return self._change(name, _SWAP, force, thresholds)

    def roll_back_generation(self, name: str) -> Report:
        """Makes the previous generation live again; rows written since stay behind."""
        return self._change(name, _ROLLBACK, False, THRESHOLDS)

    def drop_generation(self, name: str, previous: bool = False) -> None:
        """Removes the candidate, or the previous generation."""
        with self._session.lock:
            handle = _reopened(self._session, name).handle
            body = codec.generation_drop(handle, 2 if previous else 1)
            self._session.call(codec.GENERATION_DROP, body)

    def _change(self, name: str, step: int, force: bool, thresholds: Thresholds) -> Report:
        with self._session.lock:
            handle = _reopened(self._session, name).handle
            body = codec.generation_swap(handle, step, force, thresholds)
            answer = self._session.call(codec.GENERATION_SWAP, body)
            self._session.collections.pop(name, None)
            return _answers.decode_report(answer.body)


def candidate_of(session: Session, name: str) -> Collection:
    """The candidate; raises NoGeneration where there is none."""
    for generation in _listed(session, name):
        if generation.role == "candidate":
            return generation.collection
    raise NoGeneration(f"{name} has no candidate generation")


def _listed(session: Session, name: str) -> list[Generation]:
    answer = session.call(codec.GENERATION_LIST, codec.name(name))
    return _answers.decode_generations(answer.body)


def _reopened(session: Session, name: str) -> Collection:
    """The collection as it is now: another client may have swapped it."""
    session.collections.pop(name, None)
    return session.open(name)
