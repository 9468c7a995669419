"""Samplers: in which order, and in which groups, samples are loaded (lessons 08 and 09)."""
