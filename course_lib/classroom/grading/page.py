"""The frame of every page of a report: one file, no script, nothing from elsewhere, light and dark, to print.

The content policy in the page's head allows one thing, the style below, by its digest. So even if some text
of a student's were not escaped, no script of it would run and no picture of it would load.
"""

import base64
import hashlib
from html import escape

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2430; --paper: #ffffff; --faint: #5b6675; --line: #d5dbe3;
  --good: #1f7a50; --bad: #b3323f; --wash: #f3f5f8; --bar: #3f7cac; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e8ef; --paper: #14181f; --faint: #a0abba;
  --line: #323b48; --good: #5cc795; --bad: #f0808c; --wash: #1d232c; --bar: #6aa9dc; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1.2rem 4rem; max-width: 54rem; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .2rem; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2rem 0 .4rem; border-bottom: 1px solid var(--line); padding-bottom: .2rem; }
p, dl { margin: .3rem 0; }
table { border-collapse: collapse; margin: .6rem 0; width: 100%; }
th, td { text-align: left; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere; }
td.label { white-space: nowrap; }
code { font: .92em ui-monospace, monospace; }
.faint + .faint, table + .faint, .check + .faint { margin-top: 1.5rem; }
.faint { color: var(--faint); font-size: .9rem; }
.score { font-size: 1.15rem; font-weight: 600; }
.good { color: var(--good); font-weight: 600; }
.bad { color: var(--bad); font-weight: 600; }
.check { margin: .5rem 0; padding: .45rem .8rem; border-left: 4px solid var(--line); background: var(--wash);
  break-inside: avoid; overflow-wrap: anywhere; }
.check.passed { border-color: var(--good); }
.check.missed { border-color: var(--bad); }
dl { display: grid; grid-template-columns: 5.5rem 1fr; gap: .1rem .6rem; }
dt { color: var(--faint); }
dd { margin: 0; white-space: pre-wrap; min-width: 0; }
.charts { display: flex; flex-wrap: wrap; gap: 1rem 1.5rem; }
figure { margin: 0; break-inside: avoid; }
figcaption { font-size: .9rem; max-width: 16rem; }
svg text { fill: var(--faint); font: 11px system-ui, sans-serif; }
svg rect { fill: var(--bar); }
svg line { stroke: var(--line); }
@media print { :root { color-scheme: light; --ink: #000; --paper: #fff; --faint: #444; --line: #bbb;
  --good: #1f7a50; --bad: #b3323f; --wash: #fff; --bar: #555; } body { max-width: none; padding: 0; } }
"""


def page(title: str, body: str) -> str:
    """Return a whole page.

    Args:
        title: text, which is escaped here.
        body: HTML, in which every text has been escaped.
    """
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )
