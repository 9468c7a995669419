"""For maintainers: build exercises from solutions, execute lessons, prove the checks."""
