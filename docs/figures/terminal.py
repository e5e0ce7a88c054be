#!/usr/bin/env python3
"""Draws terminal.svg: what a terminal shows when three writers share a log.

It runs the session in a fresh directory on a pseudoterminal and draws what it
prints, including colours. It needs only clh-tee and a python3 with
concurrent-log-handler on the PATH:

    PATH=$PWD/target/release:$PWD/target/clh/bin:$PATH docs/figures/terminal.py [FILE]
"""

import os
import pty
import re
import sys
import tempfile
from html import escape
from pathlib import Path

# The commands to type, one after another.
SESSION = """\
./import | clh-tee -q app.log --tag import --timestamp='%F %T' --max-bytes 512K --gzip &
./stock  | clh-tee -q app.log --tag stock --timestamp='%F %T' --max-bytes 512K --gzip &
python3 worker.py &   # by concurrent-log-handler: maxBytes=512 * 1024, use_gzip=True
tail -n 6 app.log
clh-tee --status app.log --max-bytes 512K
"""

# A job: many lines at once, to make backups, and then a line now and then.
JOB = """\
#!/bin/sh
exec awk 'BEGIN {{
    srand({seed})
    for (n = 1; n < 15400; n++) print line()
    for (; n < 15600; n++) {{ print line(); fflush(); system("sleep 0.{seed}") }}
}}
function number(most) {{ return int(rand() * most) }}
function line() {{ return {line} }}'
"""

JOBS = {
    "import": (
        11,
        '"order " 700000 + n ": " 1 + number(9) " items for customer " number(99999)',
    ),
    "stock": (13, '"article " number(99999) ": " number(999) " left on shelf " number(40)'),
}

WORKER = """\
import logging, random, time
from concurrent_log_handler import ConcurrentRotatingFileHandler

handler = ConcurrentRotatingFileHandler(
    "app.log", maxBytes=512 * 1024, backupCount=5, use_gzip=True
)
handler.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s", "%Y-%m-%d %H:%M:%S"))
log = logging.getLogger("worker")
log.addHandler(handler)
draw = random.Random(1)
for number in range(15600):
    log.warning("task %d done in %d ms", 52000 + number, draw.randrange(2000))
    if number > 15400:
        time.sleep(0.07)
"""

# Runs the session's commands in a new shell and prints each with its prompt and
# its output. `tail` is repeated until there are five backups and the end of the
# log has a line of each writer. The picture shows that attempt, because another
# one could show other lines.
SHELL = r"""
has_all() {
    for name in import stock worker; do case $1 in *" $name: "*) ;; *) return 1 ;; esac; done
}
while IFS= read -r command <&3; do
    shown=
    case $command in tail*)
        until [ -e app.log.5.gz ] && shown=$($command) && has_all "$shown"; do sleep 0.1; done
    esac
    printf '\033[1;34m$\033[0m \033[1m%s\033[0m\n' "$command"
    if [ -n "$shown" ]; then printf '%s\n' "$shown"; else eval "$command"; fi
done
kill $(jobs -p) 2>/dev/null
"""

# Sizes in the picture's units.
CELL, ROW, SIZE, MARGIN, BAR = 8.4, 19, 14, 20, 36

# The colours of a session on a dark background.
COLOURS = {31: "#ff7b72", 32: "#56d364", 33: "#e3b341", 34: "#79c0ff"}
GROUND, EDGE, TEXT, BOLD, FAINT = "#0d1117", "#3d444d", "#c9d1d9", "#ffffff", "#8b949e"


def run() -> str:
    """Runs the session and returns the bytes sent to the terminal."""
    with tempfile.TemporaryDirectory() as place:
        here = Path(place)
        for name, (seed, line) in JOBS.items():
            job = here / name
            job.write_text(JOB.format(seed=seed, line=line))
            job.chmod(0o755)
        (here / "worker.py").write_text(WORKER)
        (here / "session").write_text(SESSION)
        return on_terminal(here)


def on_terminal(here: Path) -> str:
    """Runs the shell in a directory, on a new terminal."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(here)
        settings = {"PATH": os.environ["PATH"], "HOME": str(here), "TERM": "xterm-256color"}
        settings |= {"TZ": "UTC", "LC_ALL": "C.UTF-8", "COLUMNS": "100"}
        os.execve("/bin/bash", ["bash", "-c", f"exec 3<session; {SHELL}"], settings)
    sent = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # Linux returns EIO when no process has the other end open.
            break
        if not part:
            break
        sent += part
    os.waitpid(child, 0)
    return sent.decode().replace("\r\n", "\n")


def spans(line: str):
    """Splits a line into pieces of one style: (column, text, bold, colour)."""
    column, bold, colour = 0, False, None
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if part.startswith("\x1b"):
            for code in (int(code or 0) for code in part[2:-1].split(";")):
                if code == 0:
                    bold, colour = False, None
                elif code == 1:
                    bold = True
                elif code in COLOURS:
                    colour = COLOURS[code]
                else:
                    sys.exit(f"terminal.py: no colour is known for code {code}")
        elif part:
            yield column, part, bold, colour
            column += len(part)


def drawn(line: str, baseline: float) -> str:
    """Returns the elements for a line; each piece stands where its column is,
    and is as wide as its cells, whatever font there is."""
    elements = []
    for column, piece, bold, colour in spans(line):
        fill = colour or (BOLD if bold else TEXT)
        weight = ' font-weight="bold"' if bold else ""
        # Some SVG viewers merge several spaces into one.
        for words in re.finditer(r"\S+(?: \S+)*", piece):
            x, length = MARGIN + (column + words.start()) * CELL, len(words[0]) * CELL
            elements.append(
                f'<text x="{x:.1f}" y="{baseline}" textLength="{length:.1f}"'
                f' lengthAdjust="spacingAndGlyphs" fill="{fill}"{weight}>{escape(words[0])}</text>'
            )
    return "\n".join(elements)


def picture(sent: str) -> str:
    """Returns the picture of a terminal that received these bytes."""
    lines = sent.rstrip("\n").split("\n")
    columns = max(len(re.sub(r"\x1b\[[0-9;]*m", "", line)) for line in lines)
    width = round(2 * MARGIN + columns * CELL)
    height = BAR + MARGIN + len(lines) * ROW + MARGIN // 2
    rows = (drawn(line, BAR + MARGIN + n * ROW + 4) for n, line in enumerate(lines))
    dots = "".join(
        f'<circle cx="{22 + 20 * n}" cy="{BAR / 2}" r="6" fill="{colour}"/>'
        for n, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    )
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" \
viewBox="0 0 {width} {height}" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, \
'DejaVu Sans Mono', monospace" font-size="{SIZE}">
<title>Three writers append to one log, and clh-tee --status shows it</title>
<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="9" fill="{GROUND}" \
stroke="{EDGE}"/>
<path d="M1 {BAR}H{width - 1}" stroke="{EDGE}"/>
{dots}
<text x="{width / 2}" y="{BAR / 2 + 5}" text-anchor="middle" fill="{FAINT}">three writers, \
one log</text>
{chr(10).join(rows)}
</svg>
"""


def main() -> None:
    """Runs the session and writes the picture, beside this script or to FILE."""
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".svg")
    sent = run()
    file.write_text(picture(sent))
    sys.stdout.write(sent)


if __name__ == "__main__":
    main()
