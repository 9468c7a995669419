# /// attack
# title = "a zip bomb"
# says = "no notebook does"
# ///
import zipfile


def make(path, good, aim):
    with zipfile.ZipFile(path.with_suffix(".zip"), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("homework.ipynb", b" " * (15 << 20))
