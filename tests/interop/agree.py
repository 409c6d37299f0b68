"""Asks `bft-crdts verify --json` and this implementation the same questions: `agree.py COMMAND [FLIPS MUTANTS]`."""

import csv
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from files import file_of, frames, after_line, read_genesis, read_proof
from mutate import mutate
from signing import TEST_SEEDS, Keyring, identity_seed, test_seed
from verify import EXIT_CODES, Answer, verify
import spec

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = (
    "double_spend", "double_spend_7", "expel_equivocator", "honest_bank", "handover", "leave_mid_flight", "orswot",
    "onboarding", "rejoin", "lossy",
)
SEED = 1


@dataclass(frozen=True)
class Question:
    """A file to be verified."""

    name: str
    genesis: bytes
    data: bytes
    pin: str | None = None


def vectors() -> Iterator[tuple[Question, Answer]]:
    """The committed questions, with their answers."""
    found = json.loads((ROOT / "tests/vectors/files.json").read_text())
    for case in found["cases"]:
        genesis = bytes.fromhex(found["geneses"][case["genesis"]])
        question = Question(case["name"], genesis, bytes.fromhex(case["file"]), case["pin"])
        yield question, Answer(case["verdict"], case["kind"])


class Command:
    """The command of the other implementation."""

    def __init__(self, path: str, folder: Path) -> None:
        self.path = path
        self.folder = folder

    def run(self, scenario: str) -> list[Question]:
        """The files that a scenario writes."""
        file = ROOT / "scenarios" / f"{scenario}.toml"
        subprocess.run([self.path, "run", file, "--out", self.folder], check=True, capture_output=True)
        genesis = (self.folder / f"{scenario}.genesis.bft").read_bytes()
        written = sorted(self.folder.glob(f"{scenario}.*.bft"))
        return [Question(file.name, genesis, file.read_bytes()) for file in written if ".genesis." not in file.name]

    def names(self) -> set[str]:
        """Everybody who was a member in a scenario that was run."""
        tables = [csv.DictReader(path.open()) for path in self.folder.glob("*.keys.csv")]
        return {row["name"] for table in tables for row in table}

    def verify(self, question: Question) -> Answer:
        """What the command answers."""
        genesis, file = self.folder / "asked.genesis", self.folder / "asked"
        genesis.write_bytes(question.genesis)
        file.write_bytes(question.data)
        line = [self.path, "verify", file, "--genesis", genesis, "--json"]
        line += [] if question.pin is None else [f"--pin={question.pin}"]
        done = subprocess.run(line, capture_output=True, check=False)
        found = json.loads(done.stdout)
        if done.returncode != EXIT_CODES[found["verdict"]]:
            raise AssertionError(f"{question.name}: exit code {done.returncode}, {found['verdict']}")
        return Answer(found["verdict"], found["kind"])


def flip(question: Question, rng: Random, reframed: bool) -> Question:
    """One bit flipped: anywhere, or in the body of a frame whose checksums are then right."""
    data = bytearray(question.data)
    if reframed:
        bodies = [bytearray(body) for body, _ in frames(after_line(question.data, spec.LINE_PROOF), 1 << 30)]
        body = rng.choice(bodies)
        body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)
        data = bytearray(file_of(spec.LINE_PROOF, [bytes(body) for body in bodies]))
    else:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return Question(f"{question.name}, flipped", question.genesis, bytes(data), question.pin)


def compare(what: str, questions: list[Question], command: Command) -> int:
    """Asks both; how many files prove what they say."""
    verdicts: Counter[str] = Counter()
    for question in questions:
        own = verify(question.genesis, question.data, question.pin)
        other = command.verify(question)
        if own != other:
            raise AssertionError(f"{question.name}: here {own}, the command {other}\n{question.data.hex()}")
        verdicts[own.verdict] += 1
    print(f"{what}: {len(questions)} agreed, {dict(verdicts)}", flush=True)
    return verdicts["proven"]


def mutants(questions: list[Question], count: int, keyring: Keyring, rng: Random) -> list[Question]:
    """Changed files."""
    found = []
    for _ in range(count):
        question = rng.choice(questions)
        mutant = mutate(read_genesis(question.genesis), read_proof(question.data), keyring, rng)
        found.append(Question(f"{question.name}: {mutant.what}", question.genesis, mutant.data))
    return found


def main() -> None:
    """Everything; the numbers of flips and mutants may be given."""
    path = sys.argv[1]
    flips, wanted = (int(number) for number in sys.argv[2:4]) if len(sys.argv) > 3 else (500, 500)
    rng = Random(SEED)
    known = list(vectors())
    for question, answer in known:
        if verify(question.genesis, question.data, question.pin) != answer:
            raise AssertionError(f"{question.name}: not {answer}")
    with tempfile.TemporaryDirectory() as folder:
        command = Command(path, Path(folder))
        compare("vectors", [question for question, _ in known], command)
        written = [question for scenario in SCENARIOS for question in command.run(scenario)]
        if compare("files of scenarios", written, command) != len(written):
            raise AssertionError("a file of a scenario proves nothing")
        compare("flips", [flip(rng.choice(written), rng, number % 2 == 1) for number in range(flips)], command)
        seeds = [test_seed(number) for number in range(TEST_SEEDS)]
        keyring = Keyring(seeds + [identity_seed(name) for name in sorted(command.names())])
        proving = [question for question, answer in known if answer.verdict == "proven" and question.pin is None]
        proven = compare("mutants", mutants(proving + written, wanted, keyring, rng), command)
        if proven < wanted // 5:
            raise AssertionError(f"only {proven} of {wanted} mutants prove what they say")


if __name__ == "__main__":
    main()
