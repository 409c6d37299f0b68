// The page: one view of the run, changed by clicks and keys, and drawn again when it has changed.

const KEYS = [
  [["←", "→"], "one step back, forward; with Shift ten"],
  [["Home", "End"], "to the beginning, to the end"],
  [["Space"], "play and pause"],
  [["↑", "↓"], "select the message before, after"],
  [["C", "E"], "from the selected message to what caused it, to its first effect"],
  [["Enter"], "to the moment at which the selected message arrives"],
  [["Esc"], "clear the selection, then the filter"],
  [["+", "−"], "more, less room between events"],
  [["1", "–", "6"], "Story, State, Network, Charts, Findings, About"],
  [["/"], "filter by operation"],
  [["?"], "this list"],
];

function start() {
  const run = read(byId("data").textContent);
  const m = run.messages, k = run.marks;
  const view = {
    step: run.last, selected: null, told: story(run, null), tab: "story", zoom: 1, playing: 0,
    hidden: new Set(), kinds: new Set(), boxes: new Set(), operation: "",
    messages: new Uint8Array(m.count), marks: new Uint8Array(k.count), steps: new Int32Array(0),
  };
  run.kinds.forEach((kind, number) => { if (kind.quiet) view.kinds.add(number); });
  // A panel shows states better.
  if (run.hasStates) view.boxes.add(STATE);

  const chart = makeChart(run, view);
  const go = { tab: openTab, select, step: toStep, operation: only, refresh: () => panels.show() };
  const panels = makePanels(run, view, go);
  let asked = 0, stale = false;

  function redraw(all = true) {
    stale ||= all;
    asked ||= requestAnimationFrame(() => {
      const everything = stale;
      [asked, stale] = [0, false];
      chart.draw();
      if (everything) panels.show();
      // What a run of twenty thousand messages takes is measured by it.
      if (!performance.getEntriesByName("drawn").length) performance.mark("drawn");
    });
  }

  // What is shown.

  function filter() {
    const words = view.operation.trim().toLowerCase();
    const exactly = new Set(run.topics.map((topic, number) => (topic.name.toLowerCase() === words ? number : -1)).filter((number) => number >= 0));
    const fits = (text, topics) => !words || (exactly.size ? topics.some((topic) => exactly.has(topic)) : text.toLowerCase().includes(words));
    const seen = new Uint8Array(run.steps);
    let shown = 0;
    for (let row = 0; row < m.count; row++) {
      const there = !view.kinds.has(m.kind[row]) && !view.hidden.has(m.from[row]) && !view.hidden.has(m.to[row]) && fits(m.label(row), m.topics(row));
      view.messages[row] = there;
      if (there) {
        shown += 1;
        seen[m.sent[row]] = 1;
        if (m.end[row] < run.steps) seen[m.end[row]] = 1;
      }
    }
    for (let row = 0; row < k.count; row++) {
      const across = k.node[row] < 0;
      const there = across || (!view.boxes.has(k.what[row]) && !view.hidden.has(k.node[row]) && fits(k.text(row), [k.topic(row)]));
      view.marks[row] = there;
      if (there) seen[k.step[row]] = 1;
    }
    seen[0] = 1;
    view.steps = Int32Array.from(seen.keys()).filter((step) => seen[step]);
    byId("count").textContent = shown === m.count ? `all ${plural(m.count, "message")}` : `${amount(shown)} of ${plural(m.count, "message")} shown`;
    const scrub = byId("scrub");
    scrub.max = view.steps.length - 1;
    chart.layout();
    density();
    toStep(view.step, false);
  }

  /** The place of a step among those that are shown: its own, or the one before it. */
  function placeOf(step) {
    let [low, most] = [0, view.steps.length - 1];
    while (low < most) {
      const middle = (low + most + 1) >> 1;
      if (view.steps[middle] <= step) low = middle;
      else most = middle - 1;
    }
    return low;
  }

  function toStep(step, follow = true) {
    const place = placeOf(step);
    view.step = view.steps[place];
    const scrub = byId("scrub"), number = `step ${amount(place + 1)} of ${amount(view.steps.length)}`;
    scrub.value = place;
    scrub.setAttribute("aria-valuetext", `${exact(run.at[view.step])}, ${number}`);
    const word = (long, short) => [el("span", { class: "word" }, long), el("span", { class: "sign" }, short)];
    byId("moment").replaceChildren(`${exact(run.at[view.step])} · `, ...word("step ", ""), amount(place + 1), ...word(" of ", "/"), amount(view.steps.length));
    byId("first").disabled = byId("back").disabled = place === 0;
    byId("last").disabled = byId("forth").disabled = place === view.steps.length - 1;
    if (follow) chart.showNow();
    redraw();
  }

  function move(by) {
    pause();
    toStep(view.steps[Math.min(Math.max(placeOf(view.step) + by, 0), view.steps.length - 1)]);
  }

  function select(selected, follow = true) {
    view.selected = selected;
    view.told = story(run, selected);
    if (selected) {
      view.tab = "story";
      if (selected.type === "message") {
        reveal(selected.row);
        if (follow) chart.showMessage(selected.row);
        say(`${panels.sentence(selected.row)}. ${plural(view.told.causes.size, "message")} led to it, it led to ${plural(view.told.effects.size, "message")}.`);
      } else {
        if (follow) chart.showStep(k.step[selected.row]);
        say(k.text(selected.row));
      }
    }
    redraw();
    if (selected) requestAnimationFrame(panels.toSelection);
  }

  /** What is selected is shown, whatever the filter said. */
  function reveal(row) {
    if (view.messages[row]) return;
    view.kinds.delete(m.kind[row]);
    view.hidden.delete(m.from[row]);
    view.hidden.delete(m.to[row]);
    view.operation = byId("operation").value = "";
    chips();
    filter();
  }

  function say(words) {
    byId("said").textContent = words;
  }

  function openTab(tab) {
    view.tab = tab;
    redraw();
  }

  function only(operation) {
    view.operation = byId("operation").value = operation;
    byId("filters").open = true;
    filter();
  }

  // Chips: the filter, and the legend.

  function chip(words, pressed, sample, act, count) {
    const button = el("button", { type: "button", class: "chip", "aria-pressed": String(pressed), on: { click: () => {
      act(button.getAttribute("aria-pressed") === "true");
      chips();
      filter();
    } } }, ...(sample ? [sample] : []), el("span", {}, words), ...(count === undefined ? [] : [el("small", {}, amount(count))]));
    return button;
  }

  function toggle(set, value) {
    return (pressed) => (pressed ? set.add(value) : set.delete(value));
  }

  function chips() {
    const counts = run.kinds.map(() => 0);
    for (let row = 0; row < m.count; row++) counts[m.kind[row]] += 1;
    put("kinds", run.kinds.map((kind, number) => chip(kind.name, !view.kinds.has(number), swatch(tone(kind.colour), kind.dashed ? "5 3" : ""), toggle(view.kinds, number), counts[number])));
    const there = MARKS.map((_, what) => k.what.includes(what));
    put("marks", MARKS.map((name, what) => (there[what] ? chip(name, !view.boxes.has(what), null, toggle(view.boxes, what)) : null)).filter(Boolean));
    put("nodes", run.nodes.map((node, number) => chip(node.name, !view.hidden.has(number), null, toggle(view.hidden, number))));
  }

  function put(id, list) {
    const set = byId(id), at = [...set.querySelectorAll("button")].indexOf(document.activeElement);
    set.replaceChildren(set.firstElementChild, ...list);
    if (at >= 0) list[at]?.focus();
  }

  // The strip behind the slider: how much happens when, and where something is wrong.

  function density() {
    const strip = byId("density"), box = strip.getBoundingClientRect(), fine = window.devicePixelRatio || 1;
    const wide = Math.max(1, Math.round(box.width * fine)), high = Math.max(1, Math.round(box.height * fine));
    [strip.width, strip.height] = [wide, high];
    const pen = strip.getContext("2d"), columns = new Float64Array(wide), last = Math.max(view.steps.length - 1, 1);
    const inset = 7 * fine, column = (step) => Math.min(wide - 1, Math.round(inset + (wide - 2 * inset) * placeOf(step) / last));
    for (let row = 0; row < m.count; row++) if (view.messages[row]) columns[column(m.sent[row])] += 1;
    const groups = Math.max(1, Math.round(3 * fine)), sums = [];
    for (let at = 0; at < wide; at += groups) sums.push(columns.subarray(at, at + groups).reduce((sum, count) => sum + count, 0));
    const most = Math.max(...sums, 1);
    pen.fillStyle = paint("--line");
    sums.forEach((count, at) => {
      const tall = count ? Math.max(2 * fine, high * 0.8 * count / most) : 0;
      pen.fillRect(at * groups, high - tall, groups - 1, tall);
    });
    const tick = (step, colour, tall) => {
      pen.fillStyle = paint(colour);
      pen.fillRect(column(step) - fine, 0, 2 * fine, tall * fine);
    };
    for (let row = 0; row < k.count; row++) if (k.node[row] < 0) tick(k.step[row], k.what[row] === DIVIDER ? "--warn" : "--accent", 12);
    for (const changes of run.power) for (const change of changes) tick(change.step, change.up ? "--good" : "--bad", 12);
    for (const finding of run.findings) if (finding.level === 0 && finding.step >= 0) tick(finding.step, "--bad", 40);
  }

  // Playing.

  function play() {
    if (view.playing) return pause();
    if (placeOf(view.step) === view.steps.length - 1) toStep(0);
    const by = Math.max(1, Math.round(view.steps.length / 600));
    byId("play").textContent = "Pause";
    byId("play").setAttribute("aria-label", "Pause");
    view.playing = setInterval(() => {
      const place = placeOf(view.step) + by;
      if (place >= view.steps.length - 1) pause();
      toStep(view.steps[Math.min(place, view.steps.length - 1)]);
    }, 110);
  }

  function pause() {
    if (view.playing) clearInterval(view.playing);
    view.playing = 0;
    byId("play").textContent = "Play";
    byId("play").setAttribute("aria-label", "Play");
  }

  // Messages by keyboard.

  function neighbour(direction) {
    let row = view.selected?.type === "message" ? view.selected.row : -1;
    if (row < 0) {
      // The one sent last at the moment, so that the first press selects what is in view.
      row = direction < 0 ? m.count : -1;
      for (let at = 0; at < m.count && m.sent[at] < view.step; at++) row = at;
      if (placeOf(view.step) === view.steps.length - 1) row = direction < 0 ? m.count : -1;
    }
    for (row += direction; row >= 0 && row < m.count; row += direction) if (view.messages[row]) return select({ type: "message", row });
  }

  function along(rows) {
    if (rows.length) select({ type: "message", row: rows[0] });
    else say("There is none.");
  }

  const keys = {
    ArrowLeft: (event) => move(event.shiftKey ? -10 : -1),
    ArrowRight: (event) => move(event.shiftKey ? 10 : 1),
    Home: () => move(-Infinity),
    End: () => move(Infinity),
    " ": play,
    ArrowUp: () => neighbour(-1),
    ArrowDown: () => neighbour(1),
    c: () => {
      if (view.selected?.type !== "message") return;
      const row = view.selected.row, trigger = causality(run).trigger[row];
      along(trigger >= 0 ? [trigger] : causesOf(run, row).slice(-1));
    },
    e: () => view.selected?.type === "message" && along(effectsOf(run, view.selected.row)),
    Enter: () => view.selected?.type === "message" && toStep(Math.min(m.end[view.selected.row], run.last)),
    Escape: () => (view.selected ? select(null) : only("")),
    "+": () => zoom(1.4),
    "=": () => zoom(1.4),
    "-": () => zoom(1 / 1.4),
    "/": () => {
      byId("filters").open = true;
      byId("operation").focus();
    },
    "?": () => openTab("about"),
  };

  function zoom(by) {
    view.zoom = Math.min(12, Math.max(0.3, view.zoom * by));
    chart.layout();
    chart.showNow();
    redraw(false);
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const at = event.target, typing = at instanceof HTMLInputElement && at.type === "search";
    if (typing) {
      if (event.key === "Escape") {
        only("");
        byId("scroll").focus();
      }
      return;
    }
    // What a focused control does with a key of its own, it does.
    if ((event.key === " " || event.key === "Enter") && at.closest("button, summary")) return;
    const scrolls = at.closest("#panels") && ["ArrowUp", "ArrowDown", "Home", "End", " "].includes(event.key);
    if (scrolls) return;
    const tab = panels.names[Number(event.key) - 1];
    const act = tab ? () => openTab(tab) : keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act(event);
  });

  // The pointer.

  const canvas = byId("canvas"), tip = byId("tip");

  function under(event, reach) {
    const box = canvas.getBoundingClientRect();
    return chart.find(event.clientX - box.left, event.clientY - box.top, reach);
  }

  canvas.addEventListener("click", (event) => select(under(event, event.pointerType === "touch" || matchMedia("(pointer: coarse)").matches ? 20 : 9), false));
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerType === "touch") return;
    const found = under(event, 9);
    canvas.style.cursor = found ? "pointer" : "default";
    tip.hidden = !found;
    if (!found) return;
    tip.textContent = found.type === "message" ? panels.sentence(found.row) : `${k.text(found.row)} (${MARKS[k.what[found.row]] ?? "everybody"})`;
    const box = byId("chart").getBoundingClientRect(), right = event.clientX - box.left > box.width / 2;
    tip.style.left = right ? "" : `${event.clientX - box.left + 14}px`;
    tip.style.right = right ? `${box.right - event.clientX + 14}px` : "";
    tip.style.top = `${Math.min(event.clientY - box.top + 14, box.height - 60)}px`;
  });
  canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
  byId("scroll").addEventListener("scroll", () => { tip.hidden = true; redraw(false); }, { passive: true });
  byId("scrub").addEventListener("input", (event) => { pause(); toStep(view.steps[event.target.value]); });
  const clicks = { first: () => move(-Infinity), back: () => move(-1), forth: () => move(1), last: () => move(Infinity), play, "zoom-in": () => zoom(1.4), "zoom-out": () => zoom(1 / 1.4) };
  for (const [id, act] of Object.entries(clicks)) byId(id).addEventListener("click", act);
  byId("operation").addEventListener("input", (event) => { view.operation = event.target.value; filter(); });
  byId("copy").addEventListener("click", () => {
    const range = document.createRange();
    range.selectNodeContents(byId("command"));
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    const told = () => say("The command is selected.");
    navigator.clipboard?.writeText(run.command).then(() => {
      byId("copy").textContent = "Copied";
      say("The command is copied.");
    }, told) ?? told();
  });
  dark.addEventListener("change", () => { chips(); chart.restyle(); density(); panels.recolour(); });
  new ResizeObserver(() => { chart.resize(); density(); }).observe(byId("scroll"));

  // The head, and the view it begins with.

  byId("title").textContent = run.title || run.scenario || "A run";
  const verdict = byId("verdict");
  verdict.textContent = panels.violations ? plural(panels.violations, "promise broken", "promises broken") : "Every promise kept";
  verdict.classList.toggle("bad", panels.violations > 0);
  byId("lead").textContent = run.description;
  byId("command").textContent = run.command;
  byId("again").hidden = !run.command;
  byId("topics").append(...run.topics.slice(0, 2000).map((topic) => el("option", { value: topic.name }, topic.text)));
  if (matchMedia("(min-width: 761px)").matches) byId("filters").open = true;
  chips();
  filter();
  // `#moment=2,tab=state,message=7` opens a view of its own; what is wrong comes first otherwise.
  const asks = new Map(location.hash.slice(1).split(",").map((part) => part.split("=")));
  const wrong = run.findings.find((finding) => finding.level === 0 && finding.step >= 0);
  if (wrong) {
    view.tab = "findings";
    toStep(wrong.step);
  }
  if (asks.has("message")) select({ type: "message", row: Math.min(Number(asks.get("message")) || 0, m.count - 1) });
  if (panels.names.includes(asks.get("tab"))) view.tab = asks.get("tab");
  if (asks.has("moment")) toStep(view.steps[Math.min(Number(asks.get("moment")) || 0, view.steps.length - 1)]);
  redraw();
  return { run, view, chart };
}

const shown = start();
