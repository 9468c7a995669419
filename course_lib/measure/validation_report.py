"""What a check of a dataset has found, as text and as a table (lesson 17)."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from textwrap import shorten

_UNREADABLE = "readable"
_LONGEST_EXAMPLE = 100


@dataclass(frozen=True)
class Problem:
    """A sample that breaks a rule.

    Attributes:
        rule: name of the rule.
        index: where the sample is in the dataset.
        message: what is wrong with it.
    """

    rule: str
    index: int
    message: str


@dataclass(frozen=True, repr=False)
class ValidationReport:
    """The result of `DatasetValidator.validate`.

    Attributes:
        samples: length of the dataset.
        checked: indices of the samples that were checked, rising.
        rules: names of the rules.
        unreadable: samples that could not be read; no rule saw them.
        problems: broken rules, sample by sample.
    """

    samples: int
    checked: tuple[int, ...]
    rules: tuple[str, ...]
    unreadable: tuple[Problem, ...]
    problems: tuple[Problem, ...]

    @property
    def passed(self) -> bool:
        """Whether every checked sample could be read and no rule was broken."""
        return not self.unreadable and not self.problems

    def __str__(self) -> str:
        rows = [("rule", "broken by", "an example"), *self._rows()]
        widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
        lines = [f"{rule:<{widths[0]}}  {count:>{widths[1]}}  {text}".rstrip() for rule, count, text in rows]
        return "\n".join([self._summary(), *lines])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in self._rows()
        )
        head = "<tr><th>rule</th><th>broken by</th><th>an example</th></tr>"
        return f"<p>{escape(self._summary())}</p><table>{head}{rows}</table>"

    def _summary(self) -> str:
        verdict = "passed" if self.passed else "failed"
        bad = len({problem.index for problem in self.problems})
        return (
            f"{verdict}: {len(self.checked)} of {self.samples} samples checked, {len(self.unreadable)} could "
            f"not be read, {bad} broke a rule"
        )

    def _rows(self) -> Iterator[tuple[str, str, str]]:
        for rule in (_UNREADABLE, *self.rules):
            found = self.unreadable if rule == _UNREADABLE else self.problems
            broken = [problem for problem in found if problem.rule == rule]
            example = f"sample {broken[0].index}: {broken[0].message}" if broken else ""
            yield rule, str(len(broken)), shorten(example, _LONGEST_EXAMPLE, placeholder=" …")
