"""Check the data before a network learns from them (lesson 17)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import torch

from course_lib.datasets.base import Dataset, check_map_style, dataset_length
from course_lib.loader.dataloader import DataLoader
from course_lib.measure.rules import Note, ReadNotes, Rule, SampleRule
from course_lib.measure.validation_report import Problem, ValidationReport
from course_lib.samplers.draws import permutation
from course_lib.samplers.order import check_generator

_BATCH = 16


class DatasetValidator:
    """Read samples of a dataset and hold them against rules (lesson 17).

    A sample that cannot be read is counted, and is a fault whatever the rules are.

    Args:
        dataset: a map-style dataset.
        rules: such as `shape_rule((1, 28, 28))`, or functions of a sample that return None or True where all
            is well, and else False or a sentence. The sequence is copied.

    Raises:
        TypeError: if the dataset cannot be indexed, or a rule is none.

    Attributes:
        rules: the rules, in the order in which they were added.
    """

    def __init__(self, dataset: Any, rules: Iterable[Rule | Callable[[Any], Any]] = ()) -> None:
        check_map_style(dataset, "DatasetValidator")
        self.dataset = dataset
        self.rules: list[Rule] = []
        for rule in rules:
            self.add_rule(rule)

    def add_rule(self, rule: Rule | Callable[[Any], Any], name: str | None = None) -> "DatasetValidator":
        """Add a rule, and return the validator.

        Args:
            rule: a rule, or a function of a sample.
            name: what a function is called in the report; its own name if None.

        Raises:
            TypeError: if it is neither.
        """
        if isinstance(rule, Rule):
            self.rules.append(rule)
        elif callable(rule):
            own_name: str = getattr(rule, "__name__", type(rule).__name__)
            self.rules.append(SampleRule(name or own_name, rule))
        else:
            raise TypeError(
                f"A rule got {rule!r}. A rule is a function of a sample, or made by shape_rule and its "
                "like. Pass a function that returns None or True where all is well."
            )
        return self

    def validate(
        self,
        sample_fraction: float = 0.1,
        generator: torch.Generator | None = None,
        num_workers: int = 0,
    ) -> ValidationReport:
        """Check some samples, drawn at random, or all.

        Args:
            sample_fraction: the share to check, above 0 up to 1; at least one sample is
                always checked.
            generator: the source of the choice; torch's global generator if None.
            num_workers: worker processes that read and inspect; 0 does it here.

        Returns:
            What was found; it prints as a text, and shows as a table in a notebook.

        Raises:
            ValueError: if the fraction is not in its range, or the dataset is empty.
            TypeError: if `generator` is of another kind.
        """
        check_generator(generator)
        length = dataset_length(self.dataset)
        indices = _choose(length, sample_fraction, generator)
        read_notes = partial(_read_all_notes, num_workers=num_workers)
        notes: list[list[Note]] = [[] for _ in self.rules]
        unreadable, problems = [], []
        looks = [rule.inspect for rule in self.rules]
        for index, error, answers in _inspect(self.dataset, looks, indices, num_workers):
            if error:
                unreadable.append(Problem("readable", index, error))
            for rule, its_notes, (note, failure) in zip(self.rules, notes, answers):
                if failure:
                    problems.append(Problem(rule.name, index, failure))
                elif note is not None:
                    its_notes.append((index, note))
        problems += self._judge(notes, read_notes)
        problems.sort(key=lambda problem: problem.index)
        names = tuple(rule.name for rule in self.rules)
        return ValidationReport(length, tuple(indices), names, tuple(unreadable), tuple(problems))

    def _judge(self, notes: list[list[Note]], read_notes: ReadNotes) -> Iterator[Problem]:
        for rule, its_notes in zip(self.rules, notes):
            for index, message in rule.judge(its_notes, read_notes):
                yield Problem(rule.name, index, message)


# For each rule what it noted about a sample, or how it failed.
_Answers = list[tuple[Any, str | None]]
_Inspected = tuple[int, str | None, _Answers]


class _Inspection(Dataset[_Inspected]):
    """The dataset of what the rules note: so the loader's workers read and inspect."""

    def __init__(self, dataset: Any, rules: Sequence[Callable[[Any], Any]]) -> None:
        self.dataset = dataset
        self.rules = rules

    def __getitem__(self, index: int) -> _Inspected:
        try:
            sample = self.dataset[index]
        except Exception as error:
            return index, _describe(error), []
        return index, None, [_ask(rule, sample) for rule in self.rules]

    def __len__(self) -> int:
        return dataset_length(self.dataset)


def _ask(rule: Callable[[Any], Any], sample: Any) -> tuple[Any, str | None]:
    try:
        return rule(sample), None
    except Exception as error:
        return None, f"the rule raised {_describe(error)}"


def _inspect(
    dataset: Any, looks: Sequence[Callable[[Any], Any]], indices: Sequence[int], num_workers: int
) -> Iterator[_Inspected]:
    inspection = _Inspection(dataset, looks)
    batches = [indices[start : start + _BATCH] for start in range(0, len(indices), _BATCH)]
    loader = DataLoader(
        inspection,
        batch_sampler=batches,
        num_workers=num_workers,
        collate_fn=_identity,
        generator=torch.Generator(),  # leaves the global one alone
    )
    for batch in loader:
        yield from batch


def _read_all_notes(dataset: Any, look: Callable[[Any], Any], num_workers: int) -> Iterator[Note]:
    indices = range(dataset_length(dataset))
    for index, error, answers in _inspect(dataset, [look], indices, num_workers):
        if error is None and answers[0][1] is None:
            yield index, answers[0][0]


def _identity(batch: Any) -> Any:
    return batch


def _choose(length: int, fraction: float, generator: torch.Generator | None) -> list[int]:
    if not isinstance(fraction, int | float) or not 0 < fraction <= 1:
        raise ValueError(
            f"sample_fraction got {fraction!r}. It is the share of the samples to check. Pass a number above "
            "0, at most 1 for all of them."
        )
    if length == 0:
        raise ValueError(
            "The dataset holds no sample, so there is nothing to check. A check that looked at nothing would "
            "pass. Find out why the dataset is empty."
        )
    count = max(1, round(length * fraction))
    chosen: list[int] = permutation(length, generator)[:count].sort().values.tolist()
    return chosen


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
