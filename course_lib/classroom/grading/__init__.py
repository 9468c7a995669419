"""For instructors: grade submissions across a process boundary."""
