# /// attack
# title = "500 MB, most of it holes"
# says = "500,000,000 bytes"
# ///
def make(path, good, aim):
    with path.with_suffix(".ipynb").open("wb") as file:
        file.truncate(500_000_000)
