"""The embedded digits."""

import torch
from sklearn.datasets import load_digits

from course_lib.datasets.digits import embedded_digits


def test_they_have_the_shape_of_mnist():
    for train, size in ((True, 1437), (False, 360)):
        images, labels = embedded_digits(train)
        assert (images.shape, images.dtype) == ((size, 28, 28), torch.uint8)
        assert (labels.shape, labels.dtype) == ((size,), torch.uint8)


def test_every_scan_is_in_one_part_and_the_classes_keep_their_shares():
    counts = [torch.bincount(embedded_digits(train)[1]) for train in (True, False)]
    everything = torch.bincount(torch.from_numpy(load_digits().target))
    assert torch.equal(counts[0] + counts[1], everything)
    assert ((counts[1] - everything * 360 / 1797).abs() < 1).all()


def test_they_look_like_mnist():
    images = torch.cat([embedded_digits(train)[0] for train in (True, False)]).double()
    columns = images.sum(1) @ torch.arange(28.0).double() / images.sum((1, 2))
    rows = images.sum(2) @ torch.arange(28.0).double() / images.sum((1, 2))
    for centres in (rows, columns):
        assert ((centres - 13.5).abs() <= 1).all()
    assert (images[:, 0].max(), images[:, :, -1].max()) == (0, 0)
    assert (images.amax((1, 2)) == 255).all()
    # Half of MNIST's pixels in a stroke are fully white, and its mean is 33.
    assert 25 < images.mean() < 50
