"""The sandbox that a student's code runs in: processes, walls, limits, and what this machine has of them."""

from course_lib.classroom.grading.sandbox.nursery import NoSandbox
from course_lib.classroom.grading.sandbox.tiers import Attempt, Tier, find_tier

__all__ = ["Attempt", "NoSandbox", "Tier", "find_tier"]
