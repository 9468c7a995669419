"""Loaders that decide while they load: batch size, order, how far ahead (lessons 16 and 19)."""
