"""Checks JSON documents, one a line on standard input, against a schema.

Usage: schema.py SCHEMA
"""

import json
import sys

import jsonschema

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
count = 0
for line in sys.stdin:
    count += 1
    for error in validator.iter_errors(json.loads(line)):
        sys.exit(f"document {count}: {error.json_path}: {error.message}")
print(count)
