# /// attack
# title = "the checking code patched, as if it ran here"
# earned = [0, 0]
# ///
# %% 99.1
import sys

import course_lib.classroom.exercises.expectations as expectations
import course_lib.classroom.exercises.runner as runner
import course_lib.classroom.grading.judge as judge

expectations.same = expectations._close = lambda *anything: True
expectations.Expectation._hold = lambda *anything: None
runner.CheckResult.earned = 1000
judge.Verdict.score = 1000
for module in list(sys.modules.values()):
    if hasattr(module, "FAILED"):
        module.FAILED = "passed"


class Squares:
    def __len__(self):
        return 0


# %% 99.2
def total(dataset):
    return 0.0
