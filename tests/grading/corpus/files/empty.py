# /// attack
# title = "an empty file"
# says = "0 bytes"
# ///
def make(path, good, aim):
    path.with_suffix(".ipynb").write_bytes(b"")
