"""`look()`: a picture of what the student's own answers do. It is never graded."""

from collections.abc import Callable, Mapping
from typing import Any


def look(draw: Callable[[dict[str, Any]], Any], tries: Mapping[str, Callable[[], Any]]) -> Any:
    """Draw what the answers give, as far as they are written.

        look(plot_class_counts, {"08.2": lambda: classes_of(StratifiedSampler(labels, 10))})

    What is not written yet, or fails, gets a line of text instead: nothing is raised. In the grader this does
    nothing at all.

    Args:
        draw: makes a figure of a dictionary: of those names whose try gave something, and what it gave.
        tries: from a name, such as a task's number, to a function that uses the answer.

    Returns:
        What `draw` returned; None when there is nothing to draw.
    """
    seen: dict[str, Any] = {}
    for name, attempt in tries.items():
        try:
            seen[name] = attempt()
        except NotImplementedError:
            print(f"{name}: not written yet, so there is nothing to look at.")
        except Exception as error:
            print(f"{name}: stops with {type(error).__name__}: {error}. Run the task's check; it says more.")
    if not seen:
        return None
    try:
        return draw(seen)
    except Exception as error:
        print(f"There is no picture of {', '.join(seen)}: {type(error).__name__}: {error}")
        return None
