"""Everything that is a number or a string in docs/protocol.md and that this implementation uses.

The other modules contain no tag, domain or limit of their own. `test_spec.py` looks each of these up in the document.
"""

# What is signed (section 4) and hashed (section 3.1).
DOMAIN_ECHO = "bft-crdts/echo/1"
DOMAIN_PROPOSE = "bft-crdts/propose/1"
DOMAIN_FIRST_VOTE = "bft-crdts/vote1/1"
DOMAIN_SECOND_VOTE = "bft-crdts/vote2/1"
DOMAIN_TIMEOUT = "bft-crdts/timeout/1"
DOMAIN_SEAL = "bft-crdts/seal/2"
DOMAIN_GENESIS = "bft-crdts/genesis/1"
DOMAIN_HEADER = "bft-crdts/header/1"
DOMAIN_DECISION = "bft-crdts/decision/2"
DOMAIN_NEXT_KEYS = "bft-crdts/next-keys/1"
DOMAIN_SEALED_SOURCE = "bft-crdts/sealed-source/1"
DOMAIN_SEALED = "bft-crdts/sealed/2"
CONTEXT_NEXT_SECRET = "bft-crdts 2026 next secret 1"

# First lines of files (section 13), without their end of line.
LINE_GENESIS = "bft-crdts genesis 1"
LINE_PROOF = "bft-crdts exhibit 1"

# Limits that are part of the format (section 15).
MAX_PACKET_BYTES = 2097152
MAX_MESSAGE_OPS = 4096
MAX_MESSAGE_BYTES = 1048576
MAX_MEMBERS = 100
MAX_SEATS = 65536
MAX_OPEN = 4096
MAX_FILE_BYTES = 67108864
LENGTH = 4
CHECKSUM = 8
HEAD_CHECKSUM = 4
HEAD = 16

# The types that files are made of and that are signed, each line as it stands in a schema block.
SCHEMA = """
Counter = u64
NetworkId = Digest
Generation = u64
MemberIndex = u16
Seat = u16
Signers = [u8]
EchoStatement { generation: Generation, header: Digest }
ProposeStatement { generation: Generation, attempt: u32, decision: Digest }
FirstVoteStatement { generation: Generation, attempt: u32, decision: Digest }
SecondVoteStatement { generation: Generation, attempt: u32, decision: Digest }
TimeoutStatement { generation: Generation, attempt: u32, highest: (u32, Digest)? }
SealStatement { generation: Generation, link: Digest, content: Digest }
Head { name: text, algorithm: text, members: [Actor; at most MAX_MEMBERS] }
Change 0 = Join(Actor)
Change 1 = Leave(Actor)
Change 2 = Expel(Actor)
Header { source: Seat, first: Counter, len: u32, previous: Digest, causes: [(Seat, Counter); at most MAX_SEATS], ops: Digest }
Certificate { generation: Generation, header: Header, signers: Signers, signatures: [Sig] }
SignedHeader { generation: Generation, header: Header, sig: Sig }
SignedDigest { digest: Digest, sig: Sig }
NextKeys { members: Signers, keys: [Actor; at most MAX_MEMBERS] }
Decision { generation: Generation, link: Digest, change: Change, keys: Digest }
Phase 0 = First
Phase 1 = Second
Link { decision: Decision, keys: NextKeys, attempt: u32, signers: Signers, signatures: [Sig] }
SealedSource { source: Seat, best: Certificate?, open: [SignedHeader; at most MAX_OPEN] }
Excerpt { generation: Generation, contents: [(Seat, Digest); at most MAX_SEATS], shown: SealedSource?, sig: Sig }
Evidence { culprit: Actor, contradiction: Contradiction }
Contradiction 0 = Headers { one: SignedHeader, other: SignedHeader }
Contradiction 1 = Votes { generation: Generation, attempt: u32, phase: Phase, one: SignedDigest, other: SignedDigest }
Contradiction 2 = StaleTimeout { generation: Generation, voted: u32, vote: SignedDigest, given_up: u32, highest: (u32, Digest)?, timeout: Sig }
Contradiction 3 = Proposals { generation: Generation, attempt: u32, one: SignedDigest, other: SignedDigest }
Contradiction 4 = Seals { generation: Generation, one: SignedDigest, other: SignedDigest }
Contradiction 5 = Hidden { echo: SignedHeader, seal: Excerpt }
Contradiction 6 = Invented { seal: Excerpt, what: Invention }
Invention 0 = Certificate
Invention 1 = Open(u16)
FilePart 0 = Network(NetworkId)
FilePart 1 = Link(Link)
FilePart 2 = Evidence(Evidence)
FilePart 3 = Proof { certificate: Certificate, ops: bytes }
"""

# Test keys: of the vectors (section 16), and of those who play in a scenario (docs/simulator.md).
TEST_SEED_BYTE = 7
TEST_SEED_NUMBER_BYTES = 8
CONTEXT_IDENTITY = "bft-crdts simulator identity 1"
