# /// attack
# title = "a pickle named .ipynb"
# says = "is no notebook"
# ///
import pickle


def make(path, good, aim):
    path.with_suffix(".ipynb").write_bytes(pickle.dumps(good))
