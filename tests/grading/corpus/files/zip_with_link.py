# /// attack
# title = "a link in a zip"
# says = "is a link"
# ///
import stat
import zipfile


def make(path, good, aim):
    link = zipfile.ZipInfo("homework.ipynb")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path.with_suffix(".zip"), "w") as archive:
        archive.writestr(link, f"{aim}/ann.ipynb")
