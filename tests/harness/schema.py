"""Checks JSON documents, one a line on standard input, against a schema.

Usage: schema.py SCHEMA

Prints True or False for each document.
"""

import json
import sys

import jsonschema

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
for line in sys.stdin:
    print(validator.is_valid(json.loads(line)))
