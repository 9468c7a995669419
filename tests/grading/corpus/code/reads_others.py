# /// attack
# title = "reading other submissions, the home folder, the environment, the judge"
# earned = [3, 1]
# [C]
# escapes = ["C"]
# ///
# %%
import os

attempt("saw the judge's environment", lambda: VARIABLE in os.environ)
attempt("saw the judge's environment by /proc", lambda: VARIABLE in open(f"/proc/{JUDGE}/environ").read())
attempt("read the judge's memory", lambda: open(f"/proc/{JUDGE}/mem", "rb"))
attempt(
    "went in by the judge's root",
    lambda: os.listdir(os.path.join(f"/proc/{JUDGE}", "root", OUTSIDE.lstrip("/"))),
)
attempt("read another submission", lambda: open(OTHER).read())
attempt("read a secret", lambda: open(OUTSIDE + "/secret").read())
attempt("listed the submissions", lambda: os.listdir(os.path.dirname(OTHER)))
attempt("read passwords", lambda: open("/etc/shadow").read())
os.symlink(OUTSIDE + "/secret", "link")
attempt("followed a link", lambda: open("link").read())
