"""The examples in docs/python.md and docs/recipes.md work unchanged."""

import os
import re

from support import Case

DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../docs")


def blocks(page):
    """Returns the marked blocks of a page by their names."""
    with open(os.path.join(DOCS, page)) as file:
        return dict(re.findall(r"(?ms)^<!-- handlers: (\w+) -->\n```\w+\n(.*?)^```$", file.read()))


PYTHON, RECIPES = blocks("python.md"), blocks("recipes.md")


class Pages(Case):
    def test_all_are_tried(self):
        self.assertEqual([*PYTHON, *RECIPES], ["sized", "ini", "dict", "program", "django", "gunicorn"])

    def test_python_md(self):
        for name, expected in [
            ("sized", "one record from Python"),
            ("dict", "one record a day, at least"),
            ("program", "one line"),
        ]:
            self.assertEqual(self.run_program("exec(os.environ['BLOCK'])", env={**os.environ, "BLOCK": PYTHON[name]}), "")
            self.assertEqual(self.lines(), [expected])
            for file in os.listdir(self.dir):
                os.remove(self.path(file))

    def test_ini(self):
        with open(self.path("logging.ini"), "w") as file:
            file.write("[loggers]\nkeys=root\n[handlers]\nkeys=file\n[formatters]\nkeys=\n")
            file.write("[logger_root]\nhandlers=file\n" + PYTHON["ini"])
        program = "import logging.config; logging.config.fileConfig('logging.ini'); log.warning('one')"
        self.assertEqual(self.run_program(program), "")
        self.assertEqual(self.lines(), ["one"])

    def test_recipes(self):
        for name, settings, logs in [
            ("django", "LOGGING", {"": "site.log"}),
            ("gunicorn", "logconfig_dict", {"gunicorn.error": "gunicorn.log", "gunicorn.access": "access.log"}),
        ]:
            block = RECIPES[name].replace("/var/log/site", self.dir)
            program = f"import logging.config\nexec(os.environ['BLOCK'])\nlogging.config.dictConfig({settings})\n"
            program += "\n".join(f"logging.getLogger({logger!r}).info('to %s', {logger!r})" for logger in logs)
            self.assertEqual(self.run_program(program, env={**os.environ, "BLOCK": block}), "")
            for logger, log in logs.items():
                (line,) = self.lines(self.path(log))
                self.assertTrue(line.endswith(f"to {logger}"), line)
