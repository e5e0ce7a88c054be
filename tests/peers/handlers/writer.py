"""Writes numbered records of a few lines: writer.py MODULE LOG NAME COUNT SETTINGS."""

import ast
import importlib
import logging
import sys

module, log, name, count, settings = sys.argv[1:]
kind = importlib.import_module(module).ConcurrentRotatingFileHandler
handler = kind(log, **ast.literal_eval(settings))
logger = logging.Logger(name)
logger.addHandler(handler)
for number in range(int(count)):
    logger.info("=%s %d%s", name, number, "\n  more" * (number % 5))
handler.close()
