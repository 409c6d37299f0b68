"""Every tag, domain string and limit that this implementation uses stands in the documents."""

import unittest
from pathlib import Path

import spec

DOCS = Path(__file__).resolve().parents[2] / "docs"


class Spec(unittest.TestCase):
    """Looks up what is in `spec.py`."""

    def setUp(self) -> None:
        self.protocol = (DOCS / "protocol.md").read_text()

    def test_every_line_of_the_schema(self) -> None:
        lines = [line.split(" --")[0].rstrip() for line in self.protocol.split("\n")]
        for line in filter(None, spec.SCHEMA.split("\n")):
            self.assertIn(line, lines)

    def test_every_text_and_limit(self) -> None:
        for name, value in vars(spec).items():
            if name.startswith(("DOMAIN", "LINE")) or name == "CONTEXT_NEXT_SECRET":
                self.assertIn(f"`{value}`", self.protocol.replace("(`", "`"), name)
            elif isinstance(value, int) and not name.startswith("TEST"):
                self.assertIn(f"| `{name}` | {value} | ∎", self.protocol)
        self.assertIn(f"`{spec.CONTEXT_IDENTITY}`", (DOCS / "simulator.md").read_text())


if __name__ == "__main__":
    unittest.main()
