"""The figures of the course: drawn from plain arrays and records, in one style."""
