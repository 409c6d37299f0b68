// What is told beside the chart, one panel at a time.

const MOST_ROWS = 60;

function makePanels(run, view, go) {
  const m = run.messages, k = run.marks;
  const violations = run.findings.filter((finding) => finding.level === 0).length;
  const names = ["Story", "State", "Network", "Charts", "Findings", "About"];
  const tabs = byId("tabs"), place = byId("panels"), built = new Map();

  names.forEach((name, number) => {
    const id = name.toLowerCase(), count = name === "Findings" && run.findings.length ? ` (${run.findings.length})` : "";
    tabs.append(el("button", { type: "button", role: "tab", id: `tab-${id}`, "aria-controls": `panel-${id}`, on: { click: () => go.tab(id) } }, name + count));
    place.append(el("div", { role: "tabpanel", id: `panel-${id}`, "aria-labelledby": `tab-${id}`, tabindex: "0", hidden: true }));
    built.set(id, number);
  });
  tabs.addEventListener("keydown", (event) => {
    const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (move === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const next = names[(names.findIndex((name) => name.toLowerCase() === view.tab) + move + names.length) % names.length].toLowerCase();
    go.tab(next);
    byId(`tab-${next}`).focus();
  });

  const node = (number) => (number >= 0 ? run.nodes[number].name : "everybody");
  const way = (row) => `${node(m.from[row])} → ${node(m.to[row])}`;

  /** A message in one sentence. */
  function sentence(row) {
    const took = run.at[Math.min(m.end[row], run.last)] - run.at[m.sent[row]];
    const fate = m.fate[row] === TAKEN ? `taken after ${clock(took)}` : m.fate[row] === UNDER_WAY ? FATES[UNDER_WAY] : `${FATES[m.fate[row]]} after ${clock(took)}`;
    const why = m.why.get(row);
    return `${m.label(row)}, ${way(row)}, ${fate}${why ? `: ${why}` : ""}`;
  }

  function dot(colour) {
    const spot = el("span", { class: "dot", "aria-hidden": "true" });
    spot.style.background = colour;
    return spot;
  }

  function messageRow(row, before = "") {
    const current = view.selected?.type === "message" && view.selected.row === row;
    return el("li", {}, el("button", { type: "button", class: "row", "aria-current": current ? "true" : null, on: { click: () => go.select({ type: "message", row }) } },
      dot(m.fate[row] === LOST ? "var(--bad)" : tone(run.kinds[m.kind[row]].colour)), el("span", {}, `${before}${m.label(row)}, ${way(row)}${outcome(row)}`)));
  }

  function outcome(row) {
    const why = m.why.get(row);
    return m.fate[row] === TAKEN ? "" : m.fate[row] === REFUSED || m.fate[row] === LOST ? `, ${FATES[m.fate[row]]}: ${why ?? ""}` : `, ${FATES[m.fate[row]]}`;
  }

  function markRow(row) {
    const current = view.selected?.type === "mark" && view.selected.row === row;
    const colour = ["var(--good)", "var(--soft)", "var(--warn)", "var(--ink)", "var(--bad)", "var(--ink)"][k.what[row]];
    const what = MARKS[k.what[row]], who = k.node[row] >= 0 ? `${node(k.node[row])}: ` : "";
    const words = `${who}${k.what[row] === DELIVERED ? "delivers " : k.what[row] === STATE ? "now has " : ""}${k.text(row)}`;
    return el("li", {}, el("button", { type: "button", class: "row", title: what ?? "the whole network", "aria-current": current ? "true" : null, on: { click: () => go.select({ type: "mark", row }) } }, dot(colour), el("span", {}, words)));
  }

  function some(items, make) {
    const list = el("ul", { class: "list" }, ...items.slice(0, MOST_ROWS).map(make));
    if (items.length > MOST_ROWS) list.append(el("li", { class: "hint" }, `and ${amount(items.length - MOST_ROWS)} more`));
    return list;
  }

  function storyPanel(panel) {
    const step = view.step, items = [];
    let filtered = 0;
    const add = (isShown, make) => (isShown ? items.push(make) : (filtered += 1));
    for (const row of run.endedAt.at(step)) add(view.messages[row], () => messageRow(row, m.fate[row] === LOST ? "lost: " : "arrives: "));
    for (const row of run.marksAt.at(step)) add(view.marks[row], () => markRow(row));
    for (const row of run.sentAt.at(step)) add(view.messages[row], () => messageRow(row, "sent: "));
    panel.append(el("h2", {}, `At ${exact(run.at[step])}`));
    panel.append(items.length ? some(items, (make) => make()) : el("p", { class: "hint" }, "Nothing that is shown happens here."));
    if (filtered) panel.append(el("p", { class: "hint" }, `${plural(filtered, "thing is", "things are")} left out by the filter.`));
    const about = el("div", { class: "split", id: "selection" });
    if (!view.selected) {
      about.append(el("p", { class: "hint" }, "Every column is a node, time runs down, every arrow is a message. Select one, here or in the chart: what led to it and what it led to lights up, and its content is shown here."));
      if (run.facts.length) about.append(el("h3", {}, "The run in short"), facts(run.facts));
    } else if (view.selected.type === "message") {
      messageStory(about, view.selected.row);
    } else {
      const row = view.selected.row;
      about.append(el("h2", {}, `${k.node[row] >= 0 ? `${node(k.node[row])}: ` : ""}${k.text(row)}`), facts([["what", MARKS[k.what[row]] ?? "for everybody"], ["when", stepLink(k.step[row])]]));
    }
    if (view.selected) {
      neighbours(about, "Led to it", "warn", view.told.causeMarks, view.told.causes);
      neighbours(about, "It led to", "accent", view.told.effectMarks, view.told.effects);
      about.append(el("p", {}, el("button", { type: "button", on: { click: () => go.select(null) } }, "Clear the selection")));
    }
    panel.append(about);
  }

  function stepLink(step) {
    if (step >= run.steps) return "never";
    return el("button", { type: "button", class: "go", on: { click: () => go.step(step) } }, exact(run.at[step]));
  }

  function facts(list) {
    return el("dl", {}, ...list.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
  }

  function messageStory(about, row) {
    const fate = ["good", "", "warn", "bad", "bad", ""][m.fate[row]], why = m.why.get(row);
    about.append(el("h2", {}, m.label(row)));
    const list = [["kind", run.kinds[m.kind[row]].name], ["way", way(row)], ["size", `${amount(m.bytes[row])} bytes`], ["sent", stepLink(m.sent[row])]];
    if (m.fate[row] !== UNDER_WAY) list.push([m.fate[row] === LOST ? "lost" : "arrived", stepLink(m.end[row])]);
    list.push(["fate", el("span", {}, el("span", { class: `badge ${fate}` }, FATES[m.fate[row]]), why ? ` ${why}` : "")]);
    if (m.copy[row]) list.push(["copy", "made by the network"]);
    const topics = m.topics(row).map((topic) => run.topics[topic]).filter(Boolean);
    if (topics.length) {
      list.push(["about", el("span", {}, topics.slice(0, 5).map((topic) => `${topic.name} ${topic.text}`.trim()).join(", ") + (topics.length > 5 ? ` and ${topics.length - 5} more ` : " "),
        el("button", { type: "button", class: "go", on: { click: () => go.operation(topics[0].name) } }, "show only this"))]);
    }
    about.append(facts(list));
    const content = m.content(row);
    if (content.length) about.append(el("h3", {}, "Content, decoded"), el("pre", { id: "content", tabindex: "0" }, content.join("\n")));
  }

  function neighbours(about, name, colour, marks, messages) {
    const items = [...marks].map((row) => [k.step[row], () => markRow(row)]).concat([...messages].map((row) => [m.sent[row], () => messageRow(row)]));
    items.sort((a, b) => a[0] - b[0]);
    const heading = el("h3", {}, swatch(`var(--${colour})`), ` ${name}: ${items.length ? plural(items.length, "thing") : "nothing"}`);
    about.append(heading, some(items, ([, make]) => make()));
  }

  function statePanel(panel) {
    const step = view.step, before = view.steps[view.steps.indexOf(step) - 1] ?? -1;
    panel.append(el("h2", {}, `State at ${exact(run.at[step])}`));
    if (!run.hasStates) {
      panel.append(el("p", { class: "hint" }, "This run has no record of states."));
      return;
    }
    const shown = run.nodes.map((_, number) => number).filter((number) => !view.hidden.has(number) && run.changes[number].length);
    const now = shown.map((number) => stateAt(run, number, step)), then = shown.map((number) => (before < 0 ? new Map() : stateAt(run, number, before)));
    const keys = run.keys.map((_, key) => key).filter((key) => now.some((state) => state.has(key)) || then.some((state) => state.has(key)));
    let changes = 0;
    const body = el("tbody", {});
    let group = null;
    for (const key of keys.sort((a, b) => order(run.keys[a].group) - order(run.keys[b].group))) {
      if (run.keys[key].group !== group) {
        group = run.keys[key].group;
        body.append(el("tr", { class: "group" }, el("th", { scope: "rowgroup", colspan: shown.length + 1 }, group)));
      }
      body.append(el("tr", {}, el("th", { scope: "row" }, run.keys[key].key || group), ...shown.map((number, place) => {
        const [value, old] = [now[place].get(key), then[place].get(key)];
        if (!isUp(run, number, step)) return el("td", { class: "hint" }, "down");
        if (value === old || before < 0) return el("td", {}, value ?? "—");
        changes += 1;
        return el("td", { class: "changed" }, ...(old === undefined ? [] : [el("del", {}, old || "there"), " "]), el("ins", {}, value === undefined ? "gone" : value || "there"));
      })));
    }
    const heads = shown.map((number) => el("th", { scope: "col", class: run.nodes[number].correct && isUp(run, number, step) ? "" : "bad" }, node(number)));
    panel.append(el("p", { class: "hint", id: "changes" }, before < 0 ? "The beginning." : changes ? `${plural(changes, "value")} changed since the step before.` : "Nothing changed since the step before."));
    panel.append(el("div", { class: "wide" }, el("table", { class: "states" }, el("thead", {}, el("tr", {}, el("td", {}), ...heads)), body)));
    const next = nextChange(step, 1), last = nextChange(step, -1);
    panel.append(el("p", {}, el("button", { type: "button", id: "change-before", disabled: last < 0, on: { click: () => go.step(last) } }, "Change before"), " ",
      el("button", { type: "button", id: "change-after", disabled: next < 0, on: { click: () => go.step(next) } }, "Next change")));
    const silent = run.nodes.filter((_, number) => !run.changes[number].length).map((one) => one.name);
    if (silent.length) panel.append(el("p", { class: "hint" }, `No state is known of ${silent.join(", ")}: ${silent.length === 1 ? "it keeps" : "they keep"} to no protocol.`));
  }

  const groups = [...new Set(run.keys.map((key) => key.group))];
  const order = (group) => groups.indexOf(group);

  function nextChange(step, direction) {
    let best = -1;
    run.changes.forEach((changes, number) => {
      if (view.hidden.has(number)) return;
      for (const change of changes) {
        if (direction > 0 ? change.step > step && (best < 0 || change.step < best) : change.step < step && change.step > best) best = change.step;
      }
    });
    return best;
  }

  // The links are drawn once; what changes with the moment is moved or marked.
  let net = null;

  function networkPanel(panel) {
    if (!net) net = buildNetwork();
    const step = view.step, parts = partsAt(run, step);
    net.links.forEach(([line, a, b]) => line.setAttribute("class", parts.length && parts[a] !== parts[b] ? "link cut" : "link"));
    const down = [];
    net.places.forEach((place, number) => {
      const up = isUp(run, number, step);
      if (!up) down.push(node(number));
      place.setAttribute("class", `place${up ? "" : " down"}${run.nodes[number].correct ? "" : " faulty"}`);
      place.lastChild.textContent = up ? run.nodes[number].role : "down";
    });
    const going = [];
    for (let row = 0; row < m.count && m.sent[row] <= step; row++) if (m.end[row] > step && view.messages[row]) going.push(row);
    net.dots.replaceChildren(...going.slice(0, 400).map((row) => {
      const [a, b] = [net.at(m.from[row]), net.at(m.to[row])], end = run.at[Math.min(m.end[row], run.last)], begin = run.at[m.sent[row]];
      const part = end > begin ? 0.12 + 0.76 * (run.at[step] - begin) / (end - begin) : 0.5;
      return svg("circle", { cx: a[0] + (b[0] - a[0]) * part, cy: a[1] + (b[1] - a[1]) * part, r: 4, fill: tone(run.kinds[m.kind[row]].colour) }, svg("title", {}, sentence(row)));
    }));
    panel.append(el("h2", {}, `Network at ${exact(run.at[step])}`), net.plot);
    panel.append(el("p", { id: "network-says" }, `${plural(going.length, "message")} under way. ${down.length ? `Down: ${down.join(", ")}. ` : "Nobody is down. "}${parts.length ? "The network is cut: dotted red lines carry nothing." : ""}`));
    panel.append(el("p", { class: "hint" }, "Dots are messages under way, in the colour of their kind. A red node is down; a broken red circle is a node that does not keep to the protocol."));
  }

  function buildNetwork() {
    const count = run.nodes.length, side = 440, far = count > 1 ? 165 : 0;
    const at = (number) => {
      const turn = 2 * Math.PI * number / Math.max(count, 1) - Math.PI / 2;
      return [side / 2 + far * Math.cos(turn), side / 2 + far * Math.sin(turn)];
    };
    const links = run.links.filter(([a, b]) => a < count && b < count).map(([a, b]) => {
      const [from, to] = [at(a), at(b)];
      return [svg("line", { class: "link", x1: from[0], y1: from[1], x2: to[0], y2: to[1] }), a, b];
    });
    const radius = count > 40 ? 6 : count > 16 ? 14 : 25;
    const places = run.nodes.map((one, number) => {
      const [cx, cy] = at(number), short = one.name.length > 8 && radius > 20 ? `${one.name.slice(0, 7)}…` : one.name;
      const outside = radius < 25 ? [side / 2 + (cx - side / 2) * 1.16, side / 2 + (cy - side / 2) * 1.16] : [cx, cy];
      return svg("g", { class: "place" }, svg("circle", { cx, cy, r: radius }), svg("title", {}, `${one.name}, ${one.role}`),
        svg("text", { class: "strong", x: outside[0], y: outside[1] + 4, "text-anchor": "middle" }, count > 60 ? "" : short),
        svg("text", { x: cx, y: cy + radius + 13, "text-anchor": "middle" }, ""));
    });
    if (radius < 25) for (const one of places) one.lastChild.setAttribute("display", "none");
    const dots = svg("g", {});
    const plot = svg("svg", { viewBox: `0 0 ${side} ${side}`, role: "img", "aria-label": "The network at this moment", id: "network" }, ...links.map(([line]) => line), dots, ...places);
    plot.style.maxHeight = "440px";
    return { plot, links, places, dots, at };
  }

  let cost = null, measure = "messages";

  function chartsPanel(panel) {
    if (!cost) {
      const coverage = coverageGraph(run), load = loadGraph(run), table = traffic(run);
      cost = { parts: [], lines: [] };
      cost.parts.push(coverage.figure, latencyGraph(run));
      const bars = el("div", {}), pick = (what) => el("button", { type: "button", class: "pick", "aria-pressed": String(what === measure), on: { click: () => {
        measure = what;
        cost = null;
        go.refresh();
        byId("panel-charts").querySelector(`[data-measure=${what}]`).focus();
      } }, "data-measure": what }, what);
      bars.append(trafficGraph(run, table, measure));
      const sum = (kind, what) => table.reduce((sum, kinds) => sum + kinds[kind][what], 0);
      const kinds = run.kinds.map((kind, number) => [keyed(kind.name, [tone(kind.colour)]), amount(sum(number, "messages")), size(sum(number, "bytes"))]);
      const whole = (what) => run.kinds.reduce((total, _, kind) => total + sum(kind, what), 0);
      kinds.push(["all", amount(whole("messages")), size(whole("bytes"))]);
      const matrix = run.nodes.map((one, number) => [one.name, ...table[number].map((cell) => (cell.messages ? `${amount(cell.messages)} · ${size(cell.bytes)}` : "—"))]);
      cost.parts.push(figure("Messages and bytes by node and kind", "What each node sent, lost ones included.", el("p", {}, pick("messages"), " ", pick("bytes")), bars,
        rows(["kind", "messages", "bytes"], kinds, "Messages by kind"),
        el("details", {}, el("summary", {}, "Each node and kind"), rows(["node", ...run.kinds.map((kind) => kind.name)], matrix, "Messages and bytes by node and kind"))));
      cost.parts.push(load.figure);
      for (const graph of [coverage, load]) {
        if (!graph.plot) continue;
        const line = svg("line", { class: "now", y1: TOP - 4, y2: HEIGHT - BOTTOM });
        graph.plot.append(line);
        cost.lines.push([line, graph.x]);
      }
    }
    for (const [line, x] of cost.lines) for (const end of ["x1", "x2"]) line.setAttribute(end, x(run.at[view.step]));
    panel.append(el("h2", {}, "The whole run"), ...cost.parts);
  }

  function findingsPanel(panel) {
    panel.append(el("h2", {}, violations ? `${plural(violations, "promise was", "promises were")} broken` : "Every promise was kept"));
    if (!run.findings.length) panel.append(el("p", { class: "hint" }, "No violation, no evidence against anybody, nothing refused."));
    for (const finding of run.findings) {
      const [badge, look] = [["violation", "bad"], ["evidence", "warn"], ["note", ""]][finding.level];
      const part = el("div", { class: `finding ${look}` }, el("p", {}, el("span", { class: `badge ${look}` }, badge), " ", el("strong", {}, finding.what)), el("p", {}, finding.detail));
      if (finding.nodes) part.append(el("p", { class: "hint" }, finding.nodes));
      if (finding.step >= 0) part.append(el("p", {}, el("button", { type: "button", on: { click: () => go.step(finding.step) } }, `Go to ${exact(run.at[finding.step])}`)));
      panel.append(part);
    }
  }

  function aboutPanel(panel) {
    panel.append(el("h2", {}, run.title));
    if (run.description) panel.append(el("p", {}, run.description));
    panel.append(facts([["scenario", run.scenario], ["seed", run.seed], ...run.facts, ["messages", amount(m.count)], ["steps", amount(run.steps)], ["ends at", exact(run.at[run.last])]].filter(([, value]) => value)));
    if (run.command) panel.append(el("h3", {}, "The same run again"), el("pre", { tabindex: "0" }, run.command));
    panel.append(el("h3", {}, "How to read it"), el("ul", {},
      el("li", {}, "Every column is a node, time runs down: a steep arrow is a slow message. Long silences are shortened."),
      el("li", {}, "Green boxes are operations delivered, yellow ones faults, evidence and what adversaries do, dashed ones what a node does by itself."),
      el("li", {}, "A red × is where a message was lost, a red ring before the tip: refused; an empty tip: held until what it builds on arrives; grey: nothing new; dotted: still under way at the end."),
      el("li", {}, "The blue line is the moment. What comes later is faint. State and network are of that moment."),
      el("li", {}, "The chips of the filter are the legend, too.")));
    panel.append(el("h3", {}, "Keys"), el("dl", {}, ...KEYS.flatMap(([keys, what]) => [el("dt", {}, ...keys.flatMap((key, number) => [number ? " " : "", el("kbd", {}, key)])), el("dd", {}, what)])));
  }

  const make = { story: storyPanel, state: statePanel, network: networkPanel, charts: chartsPanel, findings: findingsPanel, about: aboutPanel };

  /** Shows the panel of the tab. */
  function show() {
    for (const name of names.map((name) => name.toLowerCase())) {
      const [tab, panel] = [byId(`tab-${name}`), byId(`panel-${name}`)], open = name === view.tab;
      tab.setAttribute("aria-selected", String(open));
      tab.setAttribute("tabindex", open ? "0" : "-1");
      panel.hidden = !open;
      if (!open) panel.replaceChildren();
    }
    const panel = byId(`panel-${view.tab}`);
    const lists = ["charts", "findings", "about"].includes(view.tab);
    // What does not change with the moment keeps its scroll position and its focus.
    if (lists && view.tab !== "charts" && panel.childElementCount) return;
    const focus = panel.contains(document.activeElement) ? document.activeElement.id : "";
    panel.replaceChildren();
    make[view.tab](panel);
    if (focus) byId(focus)?.focus();
  }

  /** Brings what is told of the selection into view, if it lies low. */
  function toSelection() {
    const about = byId("selection");
    if (about && about.offsetTop - place.offsetTop > place.scrollTop + place.clientHeight * 0.4) place.scrollTop = about.offsetTop - place.offsetTop - 2;
  }

  function recolour() {
    [cost, net] = [null, null];
    show();
  }

  return { show, sentence, recolour, toSelection, names: names.map((name) => name.toLowerCase()), violations };
}
