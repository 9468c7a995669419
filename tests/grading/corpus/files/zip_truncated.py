# /// attack
# title = "half of a zip"
# says = "zip file"
# ///
import json
import zipfile


def make(path, good, aim):
    target = path.with_suffix(".zip")
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("homework.ipynb", json.dumps(good))
    target.write_bytes(target.read_bytes()[:-40])
