"""How difficult samples are: computed once, in parallel, and brought to levels from 0 to 1 (lesson 19)."""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch

from course_lib.datasets.base import Dataset
from course_lib.loader.dataloader import DataLoader
from course_lib.policies.score_cache import read_scores, write_scores

Floats = npt.NDArray[np.float64]
Scale = Literal["rank", "range"]

_SAMPLES_PER_TASK = 64
_PROBES = 32


class _Scored(Dataset[float]):
    """A dataset whose samples are the difficulties of another one's."""

    def __init__(self, dataset: Any, difficulty_fn: Callable[[Any], Any], indices: Sequence[int]) -> None:
        self._dataset = dataset
        self._difficulty_fn = difficulty_fn
        self._indices = indices

    def __getitem__(self, position: int) -> float:
        index = self._indices[position]
        return as_score(self._difficulty_fn(self._dataset[index]), index)

    def __len__(self) -> int:
        return len(self._indices)


def compute_scores(
    dataset: Any,
    difficulty_fn: Callable[[Any], Any],
    cache: str | Path | None = None,
    **loader_arguments: Any,
) -> Floats:
    """Return the difficulty of every sample, from the cache if it holds them.

    Whether they are still those of this dataset and this function is found by trying: some samples, spread
    over the dataset, are scored again.

    Args:
        dataset: n samples, map-style.
        difficulty_fn: takes a sample and returns a number.
        cache: path of a file for the scores; None keeps none.
        loader_arguments: how the samples are loaded, such as `num_workers`.

    Returns:
        float64 array of shape (n,).

    Raises:
        TypeError: `difficulty_fn` gave something else than a number.
        ValueError: it gave NaN, or `cache` is a file of another kind.
        FileNotFoundError: the folder of `cache` does not exist.
    """
    if cache is not None:
        _check_folder(Path(cache))
    known = None if cache is None else read_scores(Path(cache))
    if known is not None:
        if _still_hold(known, dataset, difficulty_fn):
            return known
        warnings.warn(
            f"The difficulties in {cache} are not those of this dataset and this function: one of them has "
            "changed, or the function gives another number every time. They are computed anew.",
            stacklevel=4,
        )
    scores = _score_all(dataset, difficulty_fn, loader_arguments)
    if cache is not None:
        _keep(Path(cache), scores)
    return scores


def check_scores(scores: Any, count: int) -> Floats:
    """Return difficulties that a caller has computed as a float64 array of shape (count,).

    Raises:
        ValueError: there is not one number for each sample, or one is NaN.
        TypeError: they are no numbers.
    """
    try:
        array = np.asarray(scores.detach().cpu() if isinstance(scores, torch.Tensor) else scores, np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"difficulty_fn is a {type(scores).__name__}, which is neither a function nor a list of numbers. "
            "Pass a function that takes a sample and returns its difficulty, or one number for each sample."
        ) from error
    if array.shape != (count,):
        raise ValueError(
            f"difficulty_fn has the shape {array.shape} and the dataset {count} samples. As numbers it holds "
            f"one for each sample. Pass {count} of them, shape ({count},), or a function."
        )
    return _refuse_nan(array)


def as_score(value: Any, index: int) -> float:
    """Return what the difficulty function gave as a float.

    Raises:
        TypeError: it is no single number.
    """
    try:
        if isinstance(value, str | bytes):
            raise TypeError
        return float(value.detach() if isinstance(value, torch.Tensor) else value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            f"difficulty_fn gave {value!r} for sample {index}. A difficulty is one number, and a larger one "
            "is more difficult. Return a float, or a tensor with one element."
        ) from error


def scale(scores: Floats, by: Scale) -> Floats:
    """Return the level of every sample, from 0 for the easiest to 1 for the most difficult.

    Whatever scale the scores have, every sample has its level, and samples of equal scores have equal ones.

    Args:
        scores: float64 array of shape (n,).
        by: "rank": the share of the others that are easier. "range": where the score lies between the
            smallest and the largest one.

    Raises:
        ValueError: a score is infinite, and `by` is "range".
    """
    if by == "rank":
        easier = np.searchsorted(np.sort(scores), scores, side="left")
        return easier / max(len(scores) - 1, 1)
    if not np.isfinite(scores).all():
        index = int((~np.isfinite(scores)).argmax())
        raise ValueError(
            f"The difficulty of sample {index} is {scores[index]}. Levels are shared out evenly between the "
            "smallest and the largest score, which infinity makes impossible. Take normalize='rank', or "
            "return finite numbers."
        )
    # Halves, so that the difference of the two largest floats is a float as well.
    least, most = scores.min() / 2, scores.max() / 2
    return np.zeros(len(scores)) if most == least else (scores / 2 - least) / (most - least)


def _still_hold(known: Floats, dataset: Any, difficulty_fn: Callable[[Any], Any]) -> bool:
    """Tell whether scores are those of a dataset and a function, as far as some samples show."""
    if len(known) != len(dataset):
        return False
    probes = sorted({int(place) for place in np.linspace(0, len(dataset) - 1, _PROBES)})
    again = [as_score(difficulty_fn(dataset[index]), index) for index in probes]
    return bool(np.allclose(again, known[probes], rtol=1e-6, atol=0))


def _check_folder(cache: Path) -> None:
    # Before the difficulties, which may take an hour.
    if not cache.parent.is_dir():
        raise FileNotFoundError(
            f"cache is {str(cache)!r}, and there is no folder {str(cache.parent)!r}. The difficulties become "
            "a file in a folder that exists. Make the folder, or give another path."
        )


def _keep(cache: Path, scores: Floats) -> None:
    """Write scores if that is possible; they took long, and are of use without a file as well."""
    try:
        write_scores(cache, scores)
    except OSError as error:
        warnings.warn(
            f"The difficulties could not be written: {error}. This loader goes on with them, and the next "
            "one computes them again. Free some space, or give another path as cache.",
            stacklevel=5,
        )


def _score_all(dataset: Any, difficulty_fn: Callable[[Any], Any], loader_arguments: dict[str, Any]) -> Floats:
    # A generator of its own: that difficulties are computed changes no random number of the training.
    loader = DataLoader(
        _Scored(dataset, difficulty_fn, range(len(dataset))),
        _SAMPLES_PER_TASK,
        generator=torch.Generator(),
        **loader_arguments,
    )
    return _refuse_nan(np.concatenate([batch.numpy() for batch in loader]))


def _refuse_nan(scores: Floats) -> Floats:
    wrong = np.isnan(scores)
    if wrong.any():
        raise ValueError(
            f"The difficulty of sample {int(wrong.argmax())} is NaN ({wrong.sum()} of {len(scores)} are). "
            "NaN is neither easier nor more difficult than anything. Return a number for such samples, or "
            "leave them out with Subset."
        )
    return scores
