# /// attack
# title = "10,000 levels deep"
# says = "levels deep"
# ///
def make(path, good, aim):
    path.with_suffix(".ipynb").write_text('{"nbformat": 4, "cells": ' + "[" * 10_000 + "]" * 10_000 + "}")
