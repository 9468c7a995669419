"""Our loader and others on the same work, side by side: `python -m benchmarks` (lesson 12)."""
