"""Figures show the numbers they were given, on a transparent background, without a screen (all lessons)."""

import subprocess
import sys

import matplotlib
import numpy as np
import pytest
import torch

from course_lib import plot_batch, plot_class_counts, plot_gradient_variance, plot_history
from course_lib.plots.waste import plot_padding_waste
from course_lib.training.gradients import GradientVariance
from course_lib.training.records import History

HISTORY = History(
    (2.0, 1.0, 0.8, 0.6),
    (3.0, 2.0, 1.0, 1.0),
    (0.1, 0.1, 0.05, 0.05),
    (2, 2),
    (1.5, 0.7),
    (1.4, 0.9),
    (0.5, 0.8),
)
NOISE = {
    "batch_sizes": (1, 2, 4),
    "variance": (4.0, 1.3, 0.0),
    "spread": (0.1, 0.1, 0.0),
    "prediction": (4.0, 1.33, 0.0),
}


def visible(figure):
    return [axes for axes in figure.axes if axes.axison]


def line(axes, label):
    (found,) = [line for line in axes.lines if line.get_label() == label]
    return found.get_xdata(), found.get_ydata()


@pytest.mark.parametrize(
    "draw",
    [
        lambda: plot_batch(torch.rand(3, 1, 4, 4)),
        lambda: plot_class_counts([0, 1, 1]),
        lambda: plot_history(HISTORY),
        lambda: plot_gradient_variance(NOISE),
        lambda: plot_padding_waste({"random": [0.6, 0.7], "buckets": 0.2}),
    ],
)
def test_every_figure_renders_transparent_and_leaves_the_style_alone(draw):
    before = dict(matplotlib.rcParams)
    figure = draw()
    assert figure._repr_png_().startswith(b"\x89PNG")
    figure.canvas.draw()
    assert np.asarray(figure.canvas.buffer_rgba())[0, 0, 3] == 0
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize(
    "images",
    [
        torch.rand(5, 1, 4, 6),
        torch.rand(5, 3, 4, 6),
        torch.rand(5, 4, 6),
        np.random.default_rng(0).integers(0, 256, (5, 4, 6, 3), dtype=np.uint8),
        torch.randn(5, 3, 4, 6, requires_grad=True),
        [torch.rand(1, 4, 6)] * 5,
        torch.ones(5, 4, 6, dtype=torch.bool),
    ],
)
def test_a_batch_of_any_layout_shows_every_image(images):
    figure = plot_batch(images, range(5), columns=3, title="Five")
    shown = [axes for axes in figure.axes if axes.images]
    assert len(shown) == 5
    assert all(axes.images[0].get_array().shape[:2] == (4, 6) for axes in shown)
    assert [axes.get_title() for axes in shown] == ["0", "1", "2", "3", "4"]


def test_integers_go_to_255_and_other_floats_are_stretched():
    grey = plot_batch(np.full((1, 2, 2), 51)).axes[0].images[0].get_array()
    assert np.allclose(grey, 0.2)
    stretched = plot_batch(np.array([[[-1.0, 3.0]]])).axes[0].images[0].get_array()
    assert stretched.tolist() == [[0, 1]]


def test_class_names_stand_above_images():
    figure = plot_batch(torch.rand(2, 3, 3), torch.tensor([1, 0]), ["cat", "dog"])
    assert [axes.get_title() for axes in figure.axes] == ["dog", "cat"]


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ((torch.rand(3, 3),), r"shape \(3, 3\)"),
        ((torch.rand(2, 5, 3, 7),), r"shape \(2, 5, 3, 7\)"),
        ((torch.rand(0, 1, 3, 3),), r"shape \(0, 1, 3, 3\)"),
        ((torch.rand(2, 3, 3), [1]), "2 images and 1 labels"),
        ((torch.rand(2, 3, 3), [0, 2], ["a", "b"]), "labels contains 2"),
        ((torch.rand(2, 3, 3), [0, -1], ["a", "b"]), "labels contains -1"),
        ((torch.rand(2, 3, 3), None, None, 0), "columns is 0"),
    ],
)
def test_a_wrong_batch_is_refused(arguments, match):
    with pytest.raises(ValueError, match=match):
        plot_batch(*arguments)


def heights(figure):
    return [[bar.get_height() for bar in bars] for bars in visible(figure)[0].containers]


def test_class_counts():
    assert heights(plot_class_counts(torch.tensor([2, 0, 2, 2]))) == [[1, 3]]
    assert heights(plot_class_counts(["b", "a", "b"])) == [[1, 2]]
    figure = plot_class_counts({"train": [0, 0, 1], "test": [1]}, ["a", "b", "never"])
    assert heights(figure) == [[2, 1, 0], [0, 1, 0]]
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()] == ["train", "test"]
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["a", "b", "never"]


@pytest.mark.parametrize(
    ("labels", "names", "match"),
    [
        ([], None, r"shape \(0,\)"),
        ([[1]], None, r"shape \(1, 1\)"),
        ({}, None, "empty"),
        ([3], ["a"], "contains 3"),
    ],
)
def test_wrong_labels_are_refused(labels, names, match):
    with pytest.raises(ValueError, match=match):
        plot_class_counts(labels, names)


def test_a_history_shows_a_panel_for_each_kind_of_number():
    figure = plot_history(HISTORY)
    assert [axes.get_title(loc="left") for axes in visible(figure)] == [
        "Loss",
        "Validation accuracy",
        "Gradient norm",
        "Learning rate",
    ]
    epochs, losses = line(visible(figure)[0], "batch")
    assert epochs.tolist() == [0.5, 1.0, 1.5, 2.0]
    assert losses.tolist() == list(HISTORY.batch_losses)
    assert line(visible(figure)[0], "validation")[1].tolist() == [1.4, 0.9]


@pytest.mark.parametrize("accuracies", [[0.91, 0.95, 0.96, 0.96], [0.99, 0.9], [0.5], [0.1, 0.9]])
def test_the_last_accuracy_is_written_where_no_line_is(accuracies):
    figure = plot_history({"validation_accuracies": accuracies})
    figure.canvas.draw()
    (axes,) = visible(figure)
    (label,) = axes.texts
    place = label.get_window_extent()
    assert label.get_text() == f"{accuracies[-1]:.1%}"
    assert place.x0 > axes.transData.transform((len(accuracies), accuracies[-1]))[0]
    assert place.x1 <= figure.bbox.x1
    assert figure.bbox.y0 <= place.y0 < place.y1 <= figure.bbox.y1


def test_a_history_may_be_a_mapping_with_some_of_it():
    assert len(visible(plot_history({"train_losses": [2, 1]}))) == 1
    assert (
        len(
            visible(
                plot_history({"batch_losses": [2, 1], "gradient_norms": [1, 1], "learning_rates": [1, 1]})
            )
        )
        == 3
    )


@pytest.mark.parametrize(
    ("history", "match"),
    [({}, "nothing to draw"), ({"batch_losses": [1], "batches_per_epoch": [2]}, "adds up to 2")],
)
def test_a_wrong_history_is_refused(history, match):
    with pytest.raises(ValueError, match=match):
        plot_history(history)


def test_gradient_noise_leaves_zero_off_the_logarithmic_axis():
    record = GradientVariance(**NOISE, mean_error=(0, 0, 0), draws=5, samples=4, replacement=False)
    axes = visible(plot_gradient_variance(record))[0]
    points = axes.containers[0].lines[0]
    assert points.get_xdata().tolist() == [1, 2]
    assert points.get_ydata().tolist() == [4.0, 1.3]
    assert [text.get_text() for text in axes.texts] == ["0 at B = 4"]
    assert line(axes, "1/B alone")[1].tolist() == [4, 2, 1]


@pytest.mark.parametrize(
    ("result", "match"),
    [({"batch_sizes": [1]}, "result has no variance"), (NOISE | {"spread": (1.0,)}, "have lengths")],
)
def test_a_wrong_result_is_refused(result, match):
    with pytest.raises(ValueError, match=match):
        plot_gradient_variance(result)


def test_padding_waste_is_a_bar_of_the_mean_and_a_point_for_each_epoch():
    axes = plot_padding_waste({"random": [0.6, 0.7], "buckets": 0.25}).axes[0]
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([65, 25])
    assert [line.get_xdata().tolist() for line in axes.lines] == [pytest.approx([60, 70])]
    assert [text.get_text() for text in axes.texts] == ["65 %", "25 %"]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["random", "buckets"]


@pytest.mark.parametrize("waste", [{}, {"random": []}, {"random": 60}, {"random": [0.5, float("nan")]}])
def test_what_is_no_share_of_padding_is_refused(waste):
    with pytest.raises(ValueError, match="waste"):
        plot_padding_waste(waste)


def test_records_draw_themselves():
    assert len(visible(HISTORY.plot())) == 4
    record = GradientVariance(**NOISE, mean_error=(0, 0, 0), draws=5, samples=4, replacement=True)
    assert len(visible(record.plot())) == 1


def test_plots_need_no_torch():
    code = "import sys, course_lib; course_lib.plot_class_counts([0, 1]); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60, check=False).returncode == 0
