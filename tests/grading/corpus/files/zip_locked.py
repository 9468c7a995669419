# /// attack
# title = "a zip locked with a password"
# says = "password"
# ///
import json
import zipfile


def make(path, good, aim):
    target = path.with_suffix(".zip")
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("homework.ipynb", json.dumps(good))
    data = bytearray(target.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    target.write_bytes(data)
