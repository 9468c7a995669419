"""The frame of an exercise: tasks, checks, points, hints, and the student's side of a submission."""
