"""The sandbox that a student's code runs in: processes, walls, limits, and what this machine has of them.

tiers, attempts                      which tier this machine gives, found by attempting what is forbidden
nursery, warm, keeper, inside        the chain of processes from the judge to a student's code
view, places, privileges,            the walls, one file each
landlock, seccomp
cgroups, usage                       bounds on what a whole session uses
linux, messages                      system calls and messages, for all of them
"""

from course_lib.classroom.grading.sandbox.nursery import NoSandbox
from course_lib.classroom.grading.sandbox.tiers import Attempt, Tier, find_tier

__all__ = ["Attempt", "NoSandbox", "Tier", "find_tier"]
