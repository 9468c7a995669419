# /// attack
# title = "`../` in a zip"
# says = "outside of itself"
# ///
import json
import zipfile


def make(path, good, aim):
    with zipfile.ZipFile(path.with_suffix(".zip"), "w") as archive:
        archive.writestr("../../unpacked.ipynb", json.dumps(good))
