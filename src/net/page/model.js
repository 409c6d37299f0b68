"use strict";
// The run, read once from its columns, and what follows from it. Nothing here touches the document but `read`.

const TAKEN = 0, DUPLICATE = 1, HELD = 2, REFUSED = 3, LOST = 4, UNDER_WAY = 5;
const FATES = ["taken", "nothing new to its receiver", "held until what it builds on arrives", "refused", "lost", "under way at the end"];
const DELIVERED = 0, STATE = 1, NOTE = 2, LOCAL = 3, DIVIDER = 4, BAND = 5;
const MARKS = ["delivered", "state", "note", "own act"];

function sums(gaps) {
  let sum = 0;
  return Float64Array.from(gaps, (gap) => (sum += gap));
}

/** For each of `count` places, where its entries begin in the list of entries sorted by place; and that list. */
function sorted(places, count) {
  const starts = new Int32Array(count + 1);
  for (const place of places) if (place >= 0) starts[place + 1] += 1;
  for (let place = 0; place < count; place++) starts[place + 1] += starts[place];
  const next = starts.slice(), list = new Int32Array(starts[count]);
  places.forEach((place, entry) => { if (place >= 0) list[next[place]++] = entry; });
  return { at: (place) => list.subarray(starts[place], starts[place + 1]) };
}

/** Reads the data of the page. */
function read(json) {
  const raw = JSON.parse(json);
  const text = (number) => raw.strings[number] ?? "";
  const steps = Math.max(raw.step_at.length, 1);
  const at = raw.step_at.length ? sums(raw.step_at) : new Float64Array(1);
  const number = raw.step_number.length ? sums(raw.step_number) : new Float64Array(1);
  const m = raw.messages, count = m.from.length;
  const sent = Int32Array.from(sums(m.sent));
  const fate = Uint8Array.from(m.fate, (fate) => fate & 7);
  const end = Int32Array.from(sent, (step, row) => fate[row] === UNDER_WAY ? steps : step + m.took[row]);
  const k = raw.marks, markStep = Int32Array.from(sums(k.step));
  const run = {
    title: text(raw.title), scenario: text(raw.scenario), seed: raw.seed,
    description: text(raw.description), command: text(raw.command),
    facts: raw.facts.map(([what, value]) => [text(what), text(value)]),
    findings: raw.findings.map((row) => ({ level: row.level, what: text(row.what), detail: text(row.detail), nodes: text(row.nodes), step: row.step })),
    nodes: raw.nodes.map((row) => ({ name: text(row.name), role: text(row.role), correct: row.correct, counted: row.counted })),
    kinds: raw.kinds.map((row) => ({ name: text(row.name), colour: row.colour, dashed: row.dashed, quiet: row.quiet })),
    topics: raw.topics.map(([name, what]) => ({ name: text(name), text: text(what) })),
    steps, at, number, last: steps - 1,
    messages: {
      count, sent, end, fate, from: Uint16Array.from(m.from), to: Uint16Array.from(m.to), kind: Uint16Array.from(m.kind),
      bytes: Float64Array.from(m.bytes), copy: Uint8Array.from(m.fate, (fate) => fate >> 3),
      label: (row) => text(m.label[row]), why: new Map(m.why.map(([row, why]) => [row, text(why)])),
      topics: (row) => raw.groups[m.group[row]] ?? [],
      content: (row) => (raw.contents[m.content[row]] ?? []).map(text),
    },
    marks: {
      count: markStep.length, step: markStep, node: Int32Array.from(k.node), what: Uint8Array.from(k.what),
      text: (row) => text(k.text[row]), topic: (row) => k.topic[row],
    },
    keys: raw.keys.map(([group, key]) => ({ group: text(group), key: text(key) })),
    cuts: raw.cuts.map(([step, parts]) => ({ step, parts })),
  };
  run.sentAt = sorted(sent, steps);
  run.endedAt = sorted(Array.from(end, (step) => (step < steps ? step : -1)), steps);
  run.marksAt = sorted(markStep, steps);
  const changes = run.nodes.map(() => []);
  for (const [step, node, delta] of raw.states) changes[node].push({ step, delta });
  const power = run.nodes.map(() => []);
  for (const [step, node, up] of raw.power) power[node].push({ step, up });
  run.text = text;
  run.changes = changes;
  run.power = power;
  run.hasStates = raw.states.length > 0;
  run.links = raw.links ?? used(run);
  run.delivered = deliveries(run);
  return run;
}

/** Pairs that sent each other something. */
function used(run) {
  const m = run.messages, seen = new Set(), links = [];
  for (let row = 0; row < m.count; row++) {
    const [a, b] = [Math.min(m.from[row], m.to[row]), Math.max(m.from[row], m.to[row])];
    const pair = a * 65536 + b;
    if (a !== b && !seen.has(pair)) {
      seen.add(pair);
      links.push([a, b]);
    }
  }
  return links;
}

function isUp(run, node, step) {
  let up = true;
  for (const change of run.power[node]) if (change.step <= step) up = change.up;
  return up;
}

/** The part of the network each node is in; nothing if it is whole. */
function partsAt(run, step) {
  let parts = [];
  for (const cut of run.cuts) if (cut.step <= step) parts = cut.parts;
  return parts;
}

/** The state of a node after a step: values by key. */
function stateAt(run, node, step) {
  const state = new Map();
  for (const change of run.changes[node]) {
    if (change.step > step) break;
    for (let place = 0; place < change.delta.length; place += 2) {
      const [key, value] = [change.delta[place], change.delta[place + 1]];
      if (value < 0) state.delete(key);
      else state.set(key, run.text(value));
    }
  }
  return state;
}

// Causes and effects. A step of the engine is one event: what a node sends in the step in which a message arrives, it
// sends because of that message. And what it sends about an operation rests on all it has taken in about that operation.
// Where a message leads to another operation, the chain of causes ends there: beyond is another story.

function causality(run) {
  if (run.causality) return run.causality;
  const m = run.messages;
  const arrived = new Int32Array(run.steps).fill(-1);
  for (let row = 0; row < m.count; row++) if (m.end[row] < run.steps && m.fate[row] <= REFUSED) arrived[m.end[row]] = row;
  const trigger = Int32Array.from(m.sent, (step, row) => {
    const cause = arrived[step];
    return cause >= 0 && m.to[cause] === m.from[row] && cause !== row ? cause : -1;
  });
  const triggered = sorted(trigger, m.count);
  const about = run.topics.map(() => []);
  for (let row = 0; row < m.count; row++) for (const topic of m.topics(row)) about[topic]?.push(row);
  run.causality = { trigger, triggered, about };
  return run.causality;
}

function related(run, start, neighbours) {
  const m = run.messages, found = new Set(start), queue = [...start];
  const topicsOf = (row) => m.topics(row);
  while (queue.length) {
    const row = queue.pop(), own = topicsOf(row);
    for (const other of neighbours(row)) {
      if (found.has(other)) continue;
      found.add(other);
      const theirs = topicsOf(other);
      // On to another operation: shown, not followed.
      if (!own.length || !theirs.length || own.some((topic) => theirs.includes(topic))) queue.push(other);
    }
  }
  return found;
}

function causesOf(run, row) {
  const m = run.messages, { trigger, about } = causality(run), found = [];
  if (trigger[row] >= 0) found.push(trigger[row]);
  for (const topic of m.topics(row)) {
    for (const other of about[topic]) {
      if (m.sent[other] > m.sent[row]) break;
      if (m.to[other] === m.from[row] && m.end[other] <= m.sent[row] && (m.fate[other] === TAKEN || m.fate[other] === HELD) && other !== row) found.push(other);
    }
  }
  return found;
}

function effectsOf(run, row) {
  const m = run.messages, { triggered, about } = causality(run), found = Array.from(triggered.at(row));
  if (m.fate[row] !== TAKEN && m.fate[row] !== HELD) return found;
  for (const topic of m.topics(row)) {
    for (const other of about[topic]) {
      if (m.from[other] === m.to[row] && m.sent[other] >= m.end[row] && other !== row) found.push(other);
    }
  }
  return found;
}

/** What lights up with a selection: messages and marks that led to it, and that it led to. */
function story(run, selected) {
  const m = run.messages, k = run.marks;
  const told = { causes: new Set(), effects: new Set(), causeMarks: new Set(), effectMarks: new Set() };
  if (!selected) return told;
  let before = [], after = [];
  if (selected.type === "message") {
    before = after = [selected.row];
  } else {
    const [node, step, topic] = [k.node[selected.row], k.step[selected.row], k.topic(selected.row)];
    const shares = (row) => topic < 0 || !m.topics(row).length || m.topics(row).includes(topic);
    if (node >= 0) {
      before = Array.from(run.endedAt.at(step)).filter((row) => m.to[row] === node && m.fate[row] <= REFUSED);
      after = Array.from(run.sentAt.at(step)).filter((row) => m.from[row] === node && shares(row));
      // A proof that brings an operation rests on all that is known of it.
      if (k.what[selected.row] === LOCAL && topic >= 0) after = causality(run).about[topic].filter((row) => m.from[row] === node && m.sent[row] >= step);
      if (k.what[selected.row] === LOCAL) before = [];
    }
  }
  told.causes = related(run, before, (row) => causesOf(run, row));
  told.effects = related(run, after, (row) => effectsOf(run, row));
  const topics = new Set(selected.type === "message" ? m.topics(selected.row) : [k.topic(selected.row)]);
  topics.delete(-1);
  const own = (row) => k.topic(row) >= 0 && topics.has(k.topic(row));
  for (const row of told.causes) {
    for (let step = m.sent[row], marks = run.marksAt.at(step), place = 0; place < marks.length; place++) {
      const mark = marks[place], act = k.topic(mark) < 0 && k.what[mark] === NOTE;
      if (k.node[mark] === m.from[row] && (own(mark) || act)) told.causeMarks.add(mark);
    }
  }
  for (let row = 0; row < k.count; row++) {
    if (k.what[row] === LOCAL && own(row) && (selected.type === "message" ? k.step[row] <= m.sent[selected.row] : k.step[row] <= k.step[selected.row])) told.causeMarks.add(row);
  }
  for (const row of told.effects) {
    if (m.fate[row] > REFUSED) continue;
    for (const mark of run.marksAt.at(m.end[row])) {
      if (k.node[mark] === m.to[row] && (own(mark) || k.topic(mark) < 0)) told.effectMarks.add(mark);
    }
  }
  if (selected.type === "message") {
    told.causes.delete(selected.row);
    told.effects.delete(selected.row);
  } else {
    told.causeMarks.delete(selected.row);
    told.effectMarks.delete(selected.row);
  }
  for (const row of told.causes) told.effects.delete(row);
  return told;
}

/** Operations: when each was submitted and by whom, and when each node that must deliver it did. */
function deliveries(run) {
  const k = run.marks, found = new Map();
  const counted = run.nodes.filter((node) => node.counted).length;
  for (let row = 0; row < k.count; row++) {
    const what = k.what[row];
    if (what !== DELIVERED && what !== LOCAL) continue;
    // Without topics an operation is known by its text.
    const topic = k.topic(row), name = topic >= 0 ? topic : what === DELIVERED ? k.text(row) : null;
    if (name === null) continue;
    if (!found.has(name)) found.set(name, { submitted: -1, source: -1, at: new Map(), everywhere: -1 });
    const operation = found.get(name), step = k.step[row], node = k.node[row];
    if (what === LOCAL && operation.source < 0) [operation.submitted, operation.source] = [step, node];
    if (what === DELIVERED && !operation.at.has(node)) {
      operation.at.set(node, step);
      if (operation.submitted < 0) operation.submitted = step;
      const there = [...operation.at.keys()].filter((node) => run.nodes[node].counted).length;
      if (there === counted && operation.everywhere < 0) operation.everywhere = step;
    }
  }
  return { operations: [...found.values()], counted };
}

/** Percentile as the summary of the command has it: the smallest value that at least this share are no larger than. */
function percentile(values, percent) {
  return values[Math.max(Math.ceil(values.length * percent / 100), 1) - 1] ?? 0;
}
