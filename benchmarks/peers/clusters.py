"""Clustered unit vectors from a seed: 2,000 centres with power-law sizes, as embeddings have them.

A vector is its centre, plus noise in 24 directions of the centre's own with falling strength, plus
a little noise in every direction, brought to unit length. Queries follow the same law.
"""

import numpy as np

CENTRES = 2_000
DIRECTIONS = 24
# How fast sizes fall by rank, and strengths by direction.
SIZE_EXPONENT = 0.7
STRENGTH_EXPONENT = 0.5
# Lengths of the two noises beside a centre of length 1.
ANISOTROPIC, ISOTROPIC = 0.8, 0.25
BLOCK = 20_000


class Clusters:
    """The law; `draw` takes vectors from it."""

    def __init__(self, dimensions, seed):
        self.random = np.random.default_rng(seed)
        self.dimensions = dimensions
        centres = self.random.standard_normal((CENTRES, dimensions), dtype=np.float32)
        self.centres = centres / np.linalg.norm(centres, axis=1, keepdims=True)
        sizes = np.arange(1, CENTRES + 1) ** -SIZE_EXPONENT
        self.shares = sizes / sizes.sum()
        strengths = np.arange(1, DIRECTIONS + 1) ** -STRENGTH_EXPONENT
        self.strengths = (ANISOTROPIC * strengths / np.linalg.norm(strengths)).astype(np.float32)
        directions = self.random.standard_normal(
            (CENTRES, DIRECTIONS, dimensions), dtype=np.float32
        )
        self.directions = directions / np.sqrt(np.float32(dimensions))

    def draw(self, count):
        """Unit vectors, float32 [count, dimensions], in no order."""
        chosen = self.random.choice(CENTRES, size=count, p=self.shares)
        rows = self.centres[chosen]
        rows += self.random.standard_normal(rows.shape, dtype=np.float32) * np.float32(
            ISOTROPIC / np.sqrt(self.dimensions)
        )
        order = np.argsort(chosen, kind="stable")
        ends = np.searchsorted(chosen[order], np.arange(CENTRES + 1))
        for centre in range(CENTRES):
            members = order[ends[centre] : ends[centre + 1]]
            noise = self.random.standard_normal((len(members), DIRECTIONS), dtype=np.float32)
            rows[members] += (noise * self.strengths) @ self.directions[centre]
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)
