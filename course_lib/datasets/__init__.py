"""Datasets: where samples come from (lessons 02 to 07)."""
