"""Small data sets that ship with the package; NumPy is all that they need."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["load_digits"]

Split = tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]


def load_digits(test: int = 360, seed: int = 0) -> Split:
    """The 1,797 handwritten digits of 8 x 8 pixels, shuffled and split: `x_train, y_train, x_test, y_test`.

    A row of `x` is one image: 64 float32 values from 0 (paper) to 1 (ink). `y` holds the digits 0 to 9. The same writers
    are in both parts, so the test accuracy says nothing about the hand of a stranger. Source and licence: `digits.md`.
    """
    with np.load(Path(__file__).with_name("digits.npz")) as file:
        images, labels = file["images"], file["labels"]
    if not 0 < test < len(labels):
        raise ValueError(
            f"test is {test}: it must leave images on both sides of the split, so between 1 and {len(labels) - 1}"
        )
    order = np.random.default_rng(seed).permutation(len(labels))
    x = (images.reshape(len(images), -1)[order] / 16).astype(np.float32)
    y = labels[order].astype(np.int64)
    return x[:-test], y[:-test], x[-test:], y[-test:]
