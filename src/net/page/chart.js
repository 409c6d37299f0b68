// The sequence chart: a canvas that stays in place while the space behind it scrolls, and shows the part that is in
// view. So a run of any length costs what fits on the screen.

const PILL = 19, BUCKET = 240, PITCH = [[8, 60], [14, 50], [Infinity, 38]];
const MOST_LABELS = 600;

function makeChart(run, view) {
  const scroll = byId("scroll"), canvas = byId("canvas"), space = byId("space");
  const pen = canvas.getContext("2d");
  const m = run.messages, k = run.marks;
  let gutter = 80, bar = 40, slanted = false, lanes = [], laneOf = new Map(), pitch = 60, wide = 0, high = 0, total = 0;
  let tops = new Float64Array(run.steps), heights = new Float64Array(run.steps), gaps = new Float64Array(run.steps);
  let slots = new Int16Array(k.count), buckets = [], long = [];
  let drawn = [], labels = [], colours = {};

  const x = (node) => gutter + (laneOf.get(node) + 0.5) * pitch - scroll.scrollLeft;
  // A message arrives above the boxes of its step, and leaves below them.
  const topOf = (step) => (step < run.steps ? tops[step] : total - 24);
  const footOf = (step) => tops[step] + heights[step];

  /** Gives every step its place: time runs down, long silences are shortened, and boxes get the room they need. */
  function layout() {
    lanes = run.nodes.map((_, node) => node).filter((node) => !view.hidden.has(node));
    laneOf = new Map(lanes.map((node, lane) => [node, lane]));
    lay();
    const visible = view.steps, spans = [];
    for (let place = 1; place < visible.length; place++) {
      const span = run.at[visible[place]] - run.at[visible[place - 1]];
      if (span > 0) spans.push(span);
    }
    spans.sort((a, b) => a - b);
    const scale = 11 / (spans[Math.floor(spans.length / 2)] || 1);
    const counts = new Map(), rowsOf = new Map();
    slots.fill(0);
    for (let step = -1, across = 0, row = 0; row < k.count; row++) {
      if (!view.marks[row]) continue;
      if (k.step[row] !== step) {
        step = k.step[row];
        counts.clear();
        across = Array.from(run.marksAt.at(step)).filter((mark) => view.marks[mark] && k.node[mark] < 0).length;
      }
      const slot = counts.get(k.node[row]) ?? (k.node[row] < 0 ? 0 : across);
      slots[row] = slot;
      counts.set(k.node[row], slot + 1);
      rowsOf.set(step, Math.max(rowsOf.get(step) ?? 0, slot + 1));
    }
    let top = bar + 22, place = 0;
    for (let step = 0; step < run.steps; step++) {
      if (visible[place] === step) {
        const span = place ? run.at[step] - run.at[visible[place - 1]] : 0;
        gaps[step] = Math.min(Math.max(span * scale, 7), 54) * view.zoom;
        if (place) top += gaps[step];
        tops[step] = top;
        const rows = rowsOf.get(step) ?? 0;
        heights[step] = rows ? rows * PILL + 8 : 0;
        top += heights[step];
        place += 1;
      } else {
        tops[step] = top;
        heights[step] = 0;
      }
    }
    total = top + 60;
    buckets = Array.from({ length: Math.ceil(total / BUCKET) + 1 }, () => []);
    long = [];
    for (let row = 0; row < m.count; row++) {
      if (!view.messages[row]) continue;
      const first = Math.floor(footOf(m.sent[row]) / BUCKET), final = Math.floor((topOf(m.end[row]) + 8) / BUCKET);
      if (final - first > 40) long.push(row);
      else for (let bucket = first; bucket <= final; bucket++) buckets[bucket].push(row);
    }
    resize();
  }

  /** How wide the lanes are, and how high their names. */
  function lay() {
    const box = scroll.getBoundingClientRect();
    wide = scroll.clientWidth || box.width;
    high = scroll.clientHeight || box.height;
    gutter = wide < 560 ? 70 : 80;
    const least = PITCH.find(([most]) => lanes.length <= most)[1];
    pitch = Math.max(least, (wide - gutter - 8) / Math.max(lanes.length, 1));
    if (lanes.length > 1) pitch = Math.min(pitch, 260);
    pen.font = "bold 12.5px system-ui, sans-serif";
    const longest = Math.max(0, ...lanes.map((node) => pen.measureText(run.nodes[node].name).width));
    // Names that would be cut to nothing are slanted.
    slanted = pitch < 60 && longest > pitch - 6;
    bar = slanted ? Math.min(24 + longest * 0.75, 110) : 40;
  }

  function resize() {
    const fine = window.devicePixelRatio || 1, before = bar;
    lay();
    if (bar !== before) return layout();
    canvas.width = Math.round(wide * fine);
    canvas.height = Math.round(high * fine);
    canvas.style.width = `${wide}px`;
    canvas.style.height = `${high}px`;
    space.style.height = `${Math.max(0, total - high)}px`;
    space.style.width = `${Math.max(1, gutter + lanes.length * pitch + (slanted ? 40 : 0))}px`;
    pen.setTransform(fine, 0, 0, fine, 0, 0);
    restyle();
  }

  function restyle() {
    for (const name of ["paper", "raised", "ink", "soft", "line", "grey", "accent", "good", "bad", "warn", "good-fill", "bad-fill", "warn-fill", "calm-fill"]) colours[name] = paint(`--${name}`);
    draw();
  }

  function inView(top, bottom) {
    const found = new Set(long);
    for (let bucket = Math.max(0, Math.floor(top / BUCKET)); bucket <= Math.floor(bottom / BUCKET) && bucket < buckets.length; bucket++) {
      for (const row of buckets[bucket]) found.add(row);
    }
    return [...found].sort((a, b) => a - b);
  }

  /** The line of a message on the canvas. */
  function line(row) {
    const from = { x: x(m.from[row]), y: footOf(m.sent[row]) - scroll.scrollTop };
    const to = { x: x(m.to[row]), y: topOf(m.end[row]) - scroll.scrollTop };
    if (m.fate[row] === LOST && m.end[row] === m.sent[row]) {
      // Lost at once: a stump.
      to.x = from.x + (to.x - from.x) * 0.4;
      to.y = from.y + 10;
    }
    to.y = Math.max(to.y, from.y);
    if (m.from[row] === m.to[row]) to.x = from.x + 16;
    return [from, to];
  }

  function colourOf(row) {
    const fate = m.fate[row];
    return fate === LOST ? colours.bad : fate === DUPLICATE || m.copy[row] ? colours.grey : tone(run.kinds[m.kind[row]].colour);
  }

  function stroke(from, to, width, colour, dash) {
    pen.beginPath();
    pen.moveTo(from.x, from.y);
    pen.lineTo(to.x, to.y);
    pen.lineWidth = width;
    pen.strokeStyle = colour;
    pen.setLineDash(dash);
    pen.stroke();
    pen.setLineDash([]);
  }

  function head(row, from, to, colour, large) {
    const angle = Math.atan2(to.y - from.y, to.x - from.x), long = large ? 10 : 7;
    if (m.fate[row] === LOST) {
      for (const turn of [1, -1]) stroke({ x: to.x - 4, y: to.y - 4 * turn }, { x: to.x + 4, y: to.y + 4 * turn }, 2, colours.bad, []);
      return;
    }
    if (m.fate[row] === UNDER_WAY) return;
    pen.beginPath();
    pen.moveTo(to.x, to.y);
    for (const turn of [0.42, -0.42]) pen.lineTo(to.x - long * Math.cos(angle + turn), to.y - long * Math.sin(angle + turn));
    pen.closePath();
    pen.fillStyle = m.fate[row] === REFUSED ? colours.bad : colour;
    pen.strokeStyle = colour;
    pen.lineWidth = 1.2;
    if (m.fate[row] === HELD) {
      pen.fillStyle = colours.raised;
      pen.fill();
      pen.stroke();
    } else {
      pen.fill();
    }
    if (m.fate[row] === REFUSED) {
      pen.beginPath();
      pen.arc(to.x - 15 * Math.cos(angle), to.y - 15 * Math.sin(angle), 3.5, 0, 7);
      pen.strokeStyle = colours.bad;
      pen.lineWidth = 1.6;
      pen.stroke();
    }
  }

  function dash(row) {
    return m.fate[row] === UNDER_WAY ? [2, 4] : run.kinds[m.kind[row]].dashed ? [5, 3] : [];
  }

  /** How much of it is shown: what is to come is faint, and so is what has nothing to do with the selection. */
  function alpha(future, lit) {
    if (view.selected) return lit ? 1 : future ? 0.13 : 0.22;
    return future ? 0.25 : 1;
  }

  function arrow(row, now) {
    const [from, to] = line(row), colour = colourOf(row);
    const selected = isSelected("message", row);
    const cause = view.told.causes.has(row), effect = view.told.effects.has(row), lit = selected || cause || effect;
    const width = selected ? 3 : lit ? 2.2 : 1.3;
    if (lit) {
      pen.globalAlpha = 0.3;
      stroke(from, to, selected ? 11 : 8, selected ? colours.ink : cause ? colours.warn : colours.accent, []);
    }
    pen.globalAlpha = alpha(m.sent[row] > view.step, lit);
    if (m.sent[row] <= view.step && m.end[row] > view.step && !view.selected && to.y > from.y) {
      // Under way now: what it has still to go is faint.
      const part = Math.min(1, Math.max(0, (now - from.y) / (to.y - from.y)));
      const here = { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
      stroke(from, here, width, colour, dash(row));
      pen.globalAlpha = 0.25;
      stroke(here, to, width, colour, dash(row));
    } else {
      stroke(from, to, width, colour, dash(row));
    }
    head(row, from, to, colour, lit);
    pen.globalAlpha = 1;
  }

  function isSelected(type, row) {
    return view.selected !== null && view.selected.type === type && view.selected.row === row;
  }

  /** A label along its arrow, where there is room for it: no two lie over each other. */
  function label(row) {
    const [from, to] = line(row), long = Math.hypot(to.x - from.x, to.y - from.y);
    if (labels.length > MOST_LABELS || Math.abs(to.x - from.x) < 50) return;
    const lit = isSelected("message", row) || view.told.causes.has(row) || view.told.effects.has(row);
    if (view.selected && !lit) return;
    const words = fit(m.label(row), long - 24), width = pen.measureText(words).width;
    if (words.length < 3) return;
    const [dx, dy] = [(to.x - from.x) / long, (to.y - from.y) / long], turn = Math.atan2(dy * Math.sign(dx), Math.abs(dx));
    for (const part of [0.5, 0.32, 0.68]) {
      const middle = { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
      // Small boxes along the words: a slanted one would take too much.
      const boxes = [-0.375, -0.125, 0.125, 0.375].map((at) => {
        const [cx, cy] = [middle.x + dx * at * width, middle.y + dy * at * width - 7], half = width / 8 + 1;
        return { left: cx - half, right: cx + half, top: cy - 6 - half * Math.abs(dy), bottom: cy + 5 + half * Math.abs(dy) };
      });
      const taken = (box) => box.top < bar || labels.some((other) => overlap(box, other)) || drawn.some((other) => overlap(box, other));
      if (boxes.some(taken)) continue;
      labels.push(...boxes);
      pen.save();
      pen.translate(middle.x, middle.y);
      pen.rotate(turn);
      pen.textAlign = "center";
      pen.globalAlpha = alpha(m.sent[row] > view.step, lit) < 0.5 ? 0.45 : 1;
      pen.lineWidth = 3;
      pen.lineJoin = "round";
      pen.strokeStyle = colours.raised;
      pen.strokeText(words, 0, -4);
      pen.fillStyle = colourOf(row);
      pen.fillText(words, 0, -4);
      pen.restore();
      return;
    }
  }

  function overlap(one, other) {
    return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
  }

  function fit(words, room) {
    if (pen.measureText(words).width <= room) return words;
    let [low, most] = [0, words.length];
    while (low < most) {
      const middle = (low + most + 1) >> 1;
      if (pen.measureText(`${words.slice(0, middle)}…`).width <= room) low = middle;
      else most = middle - 1;
    }
    return low ? `${words.slice(0, low).trimEnd()}…` : "";
  }

  const boxes = [["good-fill", "good"], ["calm-fill", "soft"], ["warn-fill", "warn"], ["raised", "ink"]];

  function mark(row) {
    const [what, node] = [k.what[row], k.node[row]], across = node < 0;
    const y = tops[k.step[row]] + 5 + slots[row] * PILL - scroll.scrollTop;
    const lit = isSelected("mark", row) || view.told.causeMarks.has(row) || view.told.effectMarks.has(row);
    const left = across ? gutter - 4 : x(node) - pitch / 2 + 3, width = across ? Math.max(wide - gutter - 8, 60) : pitch - 6;
    const [inside, ink] = what === DIVIDER ? ["bad-fill", "bad"] : what === BAND ? ["calm-fill", "ink"] : boxes[what];
    pen.globalAlpha = Math.max(alpha(k.step[row] > view.step, lit), lit ? 1 : 0.2);
    pen.font = what === BAND ? "bold 11.5px system-ui, sans-serif" : "11.5px system-ui, sans-serif";
    const cut = fit(k.text(row), width - 10), words = width < 40 && cut.length < 4 ? "" : cut, span = Math.min(width, pen.measureText(words).width + 12);
    const middle = across ? left + width / 2 : x(node), box = across ? { left, right: left + width } : { left: middle - span / 2, right: middle + span / 2 };
    pen.beginPath();
    pen.roundRect(box.left, y, box.right - box.left, PILL - 3, what === NOTE || across ? 2 : 8);
    pen.fillStyle = colours[inside];
    pen.fill();
    pen.lineWidth = lit ? 2.5 : 1;
    pen.strokeStyle = lit ? (isSelected("mark", row) ? colours.ink : view.told.causeMarks.has(row) ? colours.warn : colours.accent) : colours[ink];
    pen.setLineDash(what === LOCAL ? [3, 2] : []);
    pen.stroke();
    pen.setLineDash([]);
    pen.fillStyle = colours[what === STATE ? "ink" : ink];
    pen.textAlign = "center";
    pen.fillText(words, middle, y + 12);
    pen.textAlign = "left";
    pen.globalAlpha = 1;
    drawn.push({ ...box, top: y, bottom: y + PILL - 3, row });
  }

  function lifelines(from, until) {
    for (const node of lanes) {
      const at = x(node);
      let up = true, top = bar;
      const piece = (bottom) => stroke({ x: at, y: top }, { x: at, y: bottom }, up ? 1 : 2, up ? colours.line : colours.bad, up ? [] : [2, 4]);
      for (const change of run.power[node]) {
        const y = topOf(change.step) - scroll.scrollTop;
        if (y > bar && y < until) {
          piece(y);
          top = y;
        }
        if (y < until) up = change.up;
      }
      piece(Math.min(until, total - 24 - scroll.scrollTop));
    }
  }

  function times(from, until) {
    let last = -100;
    pen.fillStyle = colours.raised;
    pen.fillRect(0, bar, gutter - 8, high);
    pen.font = "11px system-ui, sans-serif";
    pen.textAlign = "right";
    for (const step of around(from, until)) {
      const y = tops[step] - scroll.scrollTop;
      if (y - last < 30 || y < bar + 8) continue;
      last = y;
      pen.fillStyle = colours.soft;
      pen.fillText(exact(run.at[step]), gutter - 14, y + 4);
      stroke({ x: gutter - 11, y }, { x: gutter - 6, y }, 1, colours.soft, []);
    }
    pen.textAlign = "left";
  }

  /** The steps that are shown between two heights. */
  function around(from, until) {
    let [low, most] = [0, view.steps.length];
    while (low < most) {
      const middle = (low + most) >> 1;
      if (tops[view.steps[middle]] < from) low = middle + 1;
      else most = middle;
    }
    let end = low;
    while (end < view.steps.length && tops[view.steps[end]] <= until) end += 1;
    // A step before may have boxes that reach down here.
    return view.steps.subarray(Math.max(0, low - 1), end);
  }

  function heads() {
    pen.fillStyle = colours.raised;
    pen.fillRect(0, 0, wide, bar);
    for (const node of lanes) {
      const { name, role, correct } = run.nodes[node], up = isUp(run, node, view.step), at = x(node);
      pen.font = "bold 12.5px system-ui, sans-serif";
      pen.fillStyle = up && correct ? colours.ink : colours.bad;
      if (slanted) {
        pen.save();
        pen.translate(at - 4, bar - 6);
        pen.rotate(-0.85);
        pen.fillText(fit(up ? name : `${name} down`, 110), 0, 0);
        pen.restore();
        continue;
      }
      pen.textAlign = "center";
      pen.fillText(fit(name, pitch - 6), at, 16);
      pen.font = "11px system-ui, sans-serif";
      pen.fillStyle = up && correct ? colours.soft : colours.bad;
      pen.fillText(fit(up ? role : "down", pitch - 6), at, 30);
      pen.textAlign = "left";
    }
    pen.fillStyle = colours.raised;
    pen.fillRect(0, 0, gutter - 8, bar);
    stroke({ x: 0, y: bar - 0.5 }, { x: wide, y: bar - 0.5 }, 1, colours.line, []);
  }

  function draw() {
    const from = scroll.scrollTop, until = from + high;
    pen.clearRect(0, 0, wide, high);
    [drawn, labels] = [[], []];
    lifelines(from, high);
    const now = nowLine() - from, rows = inView(from, until);
    const lit = (row) => isSelected("message", row) || view.told.causes.has(row) || view.told.effects.has(row);
    for (const row of rows) if (!lit(row)) arrow(row, now);
    for (const row of rows) if (lit(row)) arrow(row, now);
    for (const step of around(from - 200, until)) for (const row of run.marksAt.at(step)) if (view.marks[row]) mark(row);
    pen.font = "11.5px system-ui, sans-serif";
    for (const row of rows) if (lit(row)) label(row);
    for (const row of rows) if (!lit(row)) label(row);
    times(from, until);
    broken(from, until);
    if (view.step < run.last || now < high) {
      stroke({ x: gutter - 8, y: now }, { x: wide, y: now }, 1.5, colours.accent, []);
      pen.beginPath();
      pen.moveTo(gutter - 8, now - 5);
      pen.lineTo(gutter, now);
      pen.lineTo(gutter - 8, now + 5);
      pen.fillStyle = colours.accent;
      pen.fill();
    }
    heads();
  }

  /** Where a promise was seen broken. */
  function broken(from, until) {
    pen.font = "bold 11.5px system-ui, sans-serif";
    pen.textAlign = "right";
    let last = -100;
    for (const finding of run.findings) {
      if (finding.level !== 0 || finding.step < 0) continue;
      const y = footOf(finding.step) + 3 - from;
      if (y < bar || y > until - from) continue;
      stroke({ x: gutter - 8, y }, { x: wide, y }, 1.5, colours.bad, [6, 4]);
      if (y - last < 15) continue;
      last = y;
      pen.lineWidth = 4;
      pen.strokeStyle = colours.raised;
      pen.strokeText(`broken: ${finding.what}`, wide - 12, y + 14);
      pen.fillStyle = colours.bad;
      pen.fillText(`broken: ${finding.what}`, wide - 12, y + 14);
    }
    pen.textAlign = "left";
  }

  /** The height of the moment: below all that has happened. */
  function nowLine() {
    return tops[view.step] + heights[view.step] + 3;
  }

  function show(top, bottom) {
    const room = [scroll.scrollTop + bar + 24, scroll.scrollTop + high - 36];
    if (top < room[0] || bottom > room[1]) scroll.scrollTop = Math.max(0, (bottom - top > high * 0.7 ? top : (top + bottom) / 2) - high * 0.5);
  }

  /** What is at a point of the canvas: a box, or the nearest arrow within reach. */
  function find(px, py, reach) {
    if (py < bar) return null;
    const box = drawn.findLast((box) => px >= box.left && px <= box.right && py >= box.top - 1 && py <= box.bottom + 1);
    if (box) return { type: "mark", row: box.row };
    let best = null, near = reach;
    for (const row of inView(py + scroll.scrollTop - 20, py + scroll.scrollTop + 20)) {
      const [a, b] = line(row), [dx, dy] = [b.x - a.x, b.y - a.y], square = dx * dx + dy * dy;
      const part = square ? Math.min(1, Math.max(0, ((px - a.x) * dx + (py - a.y) * dy) / square)) : 0;
      const away = Math.hypot(px - a.x - part * dx, py - a.y - part * dy);
      if (away < near) [near, best] = [away, row];
    }
    return best === null ? null : { type: "message", row: best };
  }

  return {
    layout, resize, restyle, draw, find,
    showNow: () => show(nowLine() - 20, nowLine()),
    showMessage: (row) => show(topOf(m.sent[row]), topOf(m.end[row])),
    showStep: (step) => show(tops[step], tops[step] + heights[step]),
    /** Where a message is on the screen; for those who point at it. */
    pointOf: (row) => {
      const [from, to] = line(row);
      return { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
    },
  };
}
