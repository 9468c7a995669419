# /// attack
# title = "bytes that are no text"
# says = "no text"
# ///
def make(path, good, aim):
    path.with_suffix(".ipynb").write_bytes(bytes(range(128, 256)) * 100)
