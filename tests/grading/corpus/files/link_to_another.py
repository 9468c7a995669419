# /// attack
# title = "a link to another's notebook, and one to a folder"
# says = "holds no notebook"
# ///
def make(path, good, aim):
    path.mkdir()
    (path / "homework.ipynb").symlink_to(aim / "ann.ipynb")
    (path / "folder").symlink_to(aim)
