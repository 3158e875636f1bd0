"""The digits that ship with the package: whole, split without overlap, and loaded with NumPy alone."""

import subprocess
import sys

import numpy as np
import pytest

from tinytorch.data import load_digits


def test_split() -> None:
    x_train, y_train, x_test, y_test = load_digits()
    assert x_train.shape == (1437, 64) and x_test.shape == (360, 64)
    assert x_train.dtype == x_test.dtype == np.float32 and (x_train.min(), x_train.max()) == (0, 1)
    assert np.bincount(np.concatenate([y_train, y_test])).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert not {row.tobytes() for row in x_train} & {row.tobytes() for row in x_test}


def test_a_seed_gives_one_split() -> None:
    assert all(np.array_equal(a, b) for a, b in zip(load_digits(), load_digits(), strict=True))
    assert not np.array_equal(load_digits(seed=1)[1], load_digits()[1])


@pytest.mark.parametrize("test", [0, -1, 1797])
def test_a_split_leaves_images_on_both_sides(test: int) -> None:
    with pytest.raises(ValueError, match="both sides"):
        load_digits(test=test)


def test_numpy_is_all_it_needs() -> None:
    code = "import sys, tinytorch.data as d; d.load_digits(); assert not {'sklearn', 'scipy', 'matplotlib'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
