"""Compares the Python handlers of clh_tee with those of concurrent-log-handler.

Run it with a Python that has both packages: handlers.py [--quick] [--dir DIR]. Both write the same
records with the same settings, in turn, in DIR (default: a temporary directory).

- speed: each process emits as fast as it can; records per second, until all are in the log.
- emit: each process emits 500 records a second while the log rotates with gzip; how long
  emit() takes. The log has almost reached its limit at the start.
- memory: the peak of a process, and of its clh-tee, during the speed test.
"""

import argparse
import importlib
import json
import logging
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time

KINDS = ["concurrent_log_handler", "clh_tee"]
TEXT = "line %08d of process %d: what a web service says of a request that it has answered, 200 OK"
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def work(kind, log, limit, number, count, pace):
    """Emits records in this process; prints the measurements as JSON."""
    module = importlib.import_module(kind)
    handler = module.ConcurrentRotatingFileHandler(
        log, maxBytes=limit, backupCount=5, use_gzip=True, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter(FORMAT))
    logger = logging.getLogger("bench")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.info("ready")
    print("ready", flush=True)
    sys.stdin.readline()
    clock, took = time.perf_counter, []
    begin = time.time()
    due = clock()
    for line in range(count):
        if pace:
            due += 1 / pace
            left = due - clock()
            if left > 0:
                time.sleep(left)
            started = clock()
            logger.info(TEXT, line, number)
            took.append(clock() - started)
        else:
            logger.info(TEXT, line, number)
    emitted = time.time()
    handler.flush()
    end = time.time()
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    child = peak(handler._pipe._process.pid) if kind == "clh_tee" else 0
    handler.close()
    print(json.dumps(
        {"begin": begin, "emitted": emitted, "end": end, "took": took, "own": own, "child": child}
    ))


def peak(pid):
    """Returns the peak memory of a process in KiB."""
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


def run(kind, directory, limit, processes, count, pace=0, full=False):
    """Runs several processes at once; returns the output of each."""
    place = os.path.join(directory, kind)
    os.mkdir(place)
    log = os.path.join(place, "app.log")
    if full:
        record = FORMAT % {"asctime": time.asctime(), "levelname": "INFO", "name": "bench", "message": TEXT}
        with open(log, "w") as file:
            number = 0
            while file.tell() < limit * 0.995 - 50_000:
                file.write("".join(record % (number + line, 0) + "\n" for line in range(200)))
                number += 200
    started = [
        subprocess.Popen(
            [sys.executable, __file__, "--work", json.dumps([kind, log, limit, number, count, pace])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for number in range(processes)
    ]
    for process in started:
        process.stdout.readline()
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    results = [json.loads(process.communicate()[0]) for process in started]
    rotated = os.path.exists(log + ".1.gz")
    shutil.rmtree(place)
    return results, rotated


def speed(directory, quick):
    print(f"{'':24}{'processes':>10}{'emitted/s':>12}{'in the log/s':>14}{'Python MiB':>12}{'clh-tee MiB':>12}")
    for processes in (1, 8):
        for kind in KINDS:
            count = (5_000 if quick else 100_000) // processes
            results, _ = run(kind, directory, 10 << 20, processes, count)
            begin = min(result["begin"] for result in results)
            emitted, end = (max(result[key] for result in results) for key in ("emitted", "end"))
            own, child = (max(result[key] for result in results) / 1024 for key in ("own", "child"))
            total = count * processes
            rates = [total / (moment - begin) for moment in (emitted, end)]
            child = f"{child:12.1f}" if kind == "clh_tee" else f"{'-':>12}"
            print(f"{kind:24}{processes:10}{rates[0]:12,.0f}{rates[1]:14,.0f}{own:12.1f}{child}")


def emit(directory, quick):
    print(f"{'emit() in ms':24}{'processes':>10}{'limit':>8}{'p50':>9}{'p99':>9}{'p99.9':>9}{'max':>10}")
    for limit, name in ((512 << 10, "512K"), (100 << 20, "100M")):
        for processes in (1, 8):
            for kind in KINDS:
                count = 1000 if quick else 10_000
                results, rotated = run(kind, directory, limit, processes, count, pace=500, full=True)
                took = sorted(moment * 1000 for result in results for moment in result["took"])
                at = [took[min(int(len(took) * part), len(took) - 1)] for part in (0.5, 0.99, 0.999, 1)]
                shown = "".join(f"{value:9.3f}" for value in at[:3])
                note = "" if rotated else "  (not rotated)"
                print(f"{kind:24}{processes:10}{name:>8}{shown}{at[3]:10.3f}{note}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="only try whether it works")
    parser.add_argument("--dir", help="where the logs are written")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        return work(*json.loads(options.work))
    with tempfile.TemporaryDirectory(dir=options.dir) as directory:
        speed(directory, options.quick)
        print()
        emit(directory, options.quick)


if __name__ == "__main__":
    main()
