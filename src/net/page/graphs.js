// Charts of the whole run, as SVG.

const WIDTH = 440, HEIGHT = 170, LEFT = 46, BOTTOM = 24, TOP = 10;

/** A round number that is no smaller, for the end of an axis. */
function rounded(value) {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 2.5, 5, 10].map((part) => part * power).find((candidate) => candidate >= value * 0.999);
}

function frame(name, most, labelY, end, labelX) {
  const plot = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": name });
  const x = (value) => LEFT + (WIDTH - LEFT - 12) * (end ? value / end : 0);
  const y = (value) => HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (most ? value / most : 0);
  for (const part of [0, 0.5, 1]) {
    plot.append(svg("line", { class: "axis", x1: LEFT, x2: WIDTH - 12, y1: y(most * part), y2: y(most * part) }),
      svg("text", { x: LEFT - 6, y: y(most * part) + 4, "text-anchor": "end" }, labelY(most * part)));
    plot.append(svg("text", { x: x(end * part), y: HEIGHT - 8, "text-anchor": part === 1 ? "end" : part ? "middle" : "start" }, labelX(end * part)));
  }
  return { plot, x, y };
}

function path(points) {
  return points.map(([x, y], place) => `${place ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
}

/** Points of a curve that only rises, thinned to what can be seen. */
function stairs(points, x, y) {
  const line = [];
  let column = -1, before = null;
  for (const [at, value] of points) {
    const here = Math.round(x(at));
    if (before !== null && here !== column) line.push([x(at), y(before)]);
    if (here !== column) line.push([x(at), y(value)]);
    else line[line.length - 1] = [line[line.length - 1][0], y(value)];
    [column, before] = [here, value];
  }
  return line;
}

function coverageGraph(run) {
  const { operations, counted } = run.delivered, end = run.at[run.last] || 1;
  if (!operations.length || !counted) return { figure: figure("Coverage", "Nothing was delivered.") };
  const events = [];
  for (const operation of operations) {
    if (operation.submitted >= 0) events.push([run.at[operation.submitted], 0]);
    for (const [node, step] of operation.at) if (run.nodes[node].counted) events.push([run.at[step], 1]);
  }
  events.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  let [known, there] = [0, 0];
  const points = [[0, 0]];
  for (const [at, kind] of events) {
    if (kind) there += 1;
    else known += 1;
    points.push([at, known ? 100 * there / (known * counted) : 0]);
  }
  points.push([end, points[points.length - 1][1]]);
  const { plot, x, y } = frame("Coverage over time", 100, (value) => `${value} %`, end, exact);
  plot.append(svg("path", { class: "curve", d: path(stairs(points, x, y)), stroke: "var(--good)" }));
  const all = operations.filter((operation) => operation.everywhere >= 0).length;
  const built = figure("Coverage", `Of the operations submitted so far, the share of the ${plural(counted, "node")} that has delivered them. At the end ${all} of ${plural(operations.length, "operation")} are delivered by all.`, plot);
  return { figure: built, plot, x };
}

function latencies(run) {
  const { operations } = run.delivered, spans = { "at its source": [], "at each node": [], "at all nodes": [] };
  for (const operation of operations) {
    if (operation.source < 0) continue;
    const begin = run.at[operation.submitted];
    const home = operation.at.get(operation.source);
    if (home !== undefined) spans["at its source"].push(run.at[home] - begin);
    for (const [node, step] of operation.at) if (run.nodes[node].counted) spans["at each node"].push(run.at[step] - begin);
    if (operation.everywhere >= 0) spans["at all nodes"].push(run.at[operation.everywhere] - begin);
  }
  for (const list of Object.values(spans)) list.sort((a, b) => a - b);
  return spans;
}

function latencyGraph(run) {
  const spans = latencies(run), named = Object.entries(spans).filter(([, list]) => list.length);
  if (!named.length) return figure("Delivery latency", "It is not known when operations were submitted.");
  const end = Math.max(...named.map(([, list]) => list[list.length - 1])) || 1;
  const { plot, x, y } = frame("Delivery latency, as shares", 100, (value) => `${value} %`, end, exact);
  const looks = { "at its source": ["var(--soft)", "2 3"], "at each node": ["var(--accent)", "6 3"], "at all nodes": ["var(--good)", ""] };
  for (const [name, list] of named) {
    const points = [[0, 0], ...list.map((span, place) => [span, 100 * (place + 1) / list.length])];
    plot.append(svg("path", { class: "curve", d: path(stairs(points, x, y)), stroke: looks[name][0], "stroke-dasharray": looks[name][1] }));
  }
  const table = rows(["delivered", "count", "p50", "p90", "p99", "max"],
    named.map(([name, list]) => [keyed(name, looks[name]), amount(list.length), ...[50, 90, 99, 100].map((percent) => clock(percentile(list, percent)))]), "Latency percentiles");
  return figure("Delivery latency", "From being submitted until delivered: the share of deliveries that took no longer.", plot, table);
}

function keyed(name, [colour, dashes]) {
  return el("span", {}, swatch(colour, dashes), ` ${name}`);
}

function swatch(colour, dashes = "") {
  const sample = svg("svg", { width: 22, height: 8, "aria-hidden": "true" }, svg("line", { x1: 0, x2: 22, y1: 4, y2: 4, stroke: colour, "stroke-width": 2.5, "stroke-dasharray": dashes }));
  sample.style.display = "inline-block";
  return sample;
}

function figure(name, words, ...rest) {
  return el("figure", {}, el("figcaption", {}, name), el("p", {}, words), ...rest);
}

/** Sent packets by node and kind; copies that the network made are nobody's. */
function traffic(run) {
  const m = run.messages;
  const table = run.nodes.map(() => run.kinds.map(() => ({ messages: 0, bytes: 0, got: 0 })));
  for (let row = 0; row < m.count; row++) {
    if (!m.copy[row]) {
      const cell = table[m.from[row]][m.kind[row]];
      cell.messages += 1;
      cell.bytes += m.bytes[row];
    }
    if (m.fate[row] < LOST) table[m.to[row]][m.kind[row]].got += 1;
  }
  return table;
}

function trafficGraph(run, table, measure) {
  const sums = table.map((kinds) => kinds.reduce((sum, cell) => sum + cell[measure], 0));
  const most = Math.max(...sums, 1), shown = measure === "bytes" ? size : amount;
  const line = 22, names = Math.min(110, 20 + 7 * Math.max(...run.nodes.map((node) => node.name.length)));
  const high = line * run.nodes.length + 6, plot = svg("svg", { viewBox: `0 0 ${WIDTH} ${high}`, role: "img", "aria-label": `${measure} sent by each node` });
  run.nodes.forEach((node, place) => {
    const y = place * line + 4;
    plot.append(svg("text", { class: node.correct ? "" : "strong", x: names - 6, y: y + 12, "text-anchor": "end" }, node.name));
    let left = names;
    table[place].forEach((cell, kind) => {
      const width = (WIDTH - names - 70) * cell[measure] / most;
      if (width > 0) plot.append(svg("rect", { x: left, y, width, height: line - 7, fill: tone(run.kinds[kind].colour) }, svg("title", {}, `${node.name}: ${run.kinds[kind].name} ${shown(cell[measure])}`)));
      left += width;
    });
    plot.append(svg("text", { x: left + 5, y: y + 12 }, shown(sums[place])));
  });
  return plot;
}

function loadGraph(run) {
  const m = run.messages, end = run.at[run.last] || 1, bins = 60;
  const load = Array.from({ length: bins }, () => run.kinds.map(() => 0));
  for (let row = 0; row < m.count; row++) if (!m.copy[row]) load[Math.min(bins - 1, Math.floor(bins * run.at[m.sent[row]] / end))][m.kind[row]] += 1;
  const seconds = end / bins / 1e9, sums = load.map((kinds) => kinds.reduce((sum, count) => sum + count, 0));
  const most = rounded(Math.max(...sums) / seconds);
  const { plot, x, y } = frame("Messages sent a second, by kind", most, (value) => (value >= 1e6 ? `${value / 1e6}M` : value >= 1e4 ? `${value / 1e3}k` : amount(value)), end, exact);
  load.forEach((kinds, bin) => {
    let below = 0;
    kinds.forEach((count, kind) => {
      if (!count) return;
      const [low, top] = [y(below / seconds), y((below + count) / seconds)];
      plot.append(svg("rect", { x: x(end * bin / bins), y: top, width: x(end / bins) - x(0) - 1, height: low - top, fill: tone(run.kinds[kind].colour) }));
      below += count;
    });
  });
  return { figure: figure("Load", `Messages sent a second of virtual time, by kind, on average over ${clock(end / bins)}.`, plot), plot, x };
}
