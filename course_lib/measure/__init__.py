"""Measuring: memory, the right number of workers, and the timeline of a loader (lessons 11, 12 and 16)."""
