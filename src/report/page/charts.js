// Curves over training, all runs on one chart.

/** Title and lines of each chart: the journal's name, how it is called beside others, whether it is broken. */
const CHARTS = [
  ["Loss", [["loss", "loss"], ["collapse_value", "when collapsed", true]]],
  ["kNN accuracy", [["knn", "kNN"]]],
  ["Accuracy", [["accuracy", "accuracy"]]],
  ["Learning rate", [["lr", "learning rate"]]],
  ["Spread", [["spread", "spread"]]],
  ["Rank", [["rank", "rank"]]],
  ["Energies of pairs", [["positive_energy", "right"], ["negative_energy", "wrong", true]]],
  ["Energies of answers", [["e_c", "right"], ["e_i", "most offending", true]]],
  ["Pairs told apart (AUROC)", [["auroc", "AUROC"]]],
  ["Energy gap", [["energy_gap", "gap"]]],
  ["Overlap of right and wrong", [["overlap", "overlap"]]],
  ["Images a second", [["images_per_s", "images/s"]]],
];

const LEFT = 46, BOTTOM = 22, TOP = 8, RIGHT = 8;
let axis = "epoch";
const off = new Set();

/** The charts that any run has numbers for, those without a place of their own last. */
function wanted() {
  const names = new Set(data.runs.flatMap((run) => Object.keys(run.curves)));
  const placed = new Set(CHARTS.flatMap(([, lines]) => lines.map(([name]) => name)));
  const others = [...names].filter((name) => !placed.has(name)).sort();
  const all = CHARTS.concat(others.map((name) => [name.replaceAll("_", " "), [[name, name.replaceAll("_", " ")]]]));
  return all.filter(([, lines]) => lines.some(([name]) => names.has(name)));
}

/** What a chart draws: one line a run and number. */
function linesOf(spec) {
  const found = [];
  data.runs.forEach((run, index) => spec[1].forEach(([name, label, broken], place) => {
    const curve = run.curves[name];
    if (!curve || off.has(index)) return;
    const alone = data.runs.length === 1;
    found.push({
      label: alone ? label : spec[1].length > 1 ? `${run.name}, ${label}` : run.name,
      x: curve[axis], y: curve.value, broken, color: runColor(alone ? place : index),
    });
  }));
  return found;
}

/** The place of the value of `sorted` nearest to `x`. */
function nearestTo(sorted, x) {
  let [low, high] = [0, sorted.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < x) low = middle + 1; else high = middle;
  }
  return low > 0 && x - sorted[low - 1] < sorted[low] - x ? low - 1 : low;
}

/** One chart: call `draw` where data or size have changed. */
function chart(spec) {
  const svg = shape("svg", { tabindex: 0, role: "img" });
  const tip = element("div", { class: "tip", hidden: true });
  const caption = element("figcaption");
  const numbers = folded("Numbers", () => asTable(spec, lines));
  const figure = element("figure", { class: "chart" }, caption, svg, tip, numbers.details);
  let lines = [], place = null, at = null;

  function draw() {
    lines = linesOf(spec);
    const about = spec[1].map(([name]) => data.about[name]).filter(Boolean).join("; ");
    caption.replaceChildren(element("b", { title: about || undefined }, spec[0]));
    if (spec[1].length > 1) {
      spec[1].forEach(([, label, broken], i) => caption.append(element("span", {},
        element("i", { class: broken ? "sample dashed" : "sample", "--own": data.runs.length === 1 ? runColor(i) : "var(--soft)" }), label)));
    }
    numbers.refresh();
    const ends = lines.map((l) => `${l.label} from ${short(l.y[0])} to ${short(l.y[l.y.length - 1])}`);
    svg.setAttribute("aria-label", `${spec[0]} by ${axis}. ${ends.join("; ")}. Arrow keys read the values.`);
    svg.replaceChildren();
    const { width, height } = svg.getBoundingClientRect();
    if (!width) return;
    const xs = lines.flatMap((l) => [0, l.x[l.x.length - 1]]);
    const ys = lines.flatMap((l) => l.y);
    let [low, high] = [Math.min(...ys), Math.max(...ys)];
    if (!lines.length) return;
    const room = (high - low || Math.abs(high) || 1) * 0.06;
    [low, high] = [low >= 0 && low - room < 0 ? 0 : low - room, high + room];
    const [first, last] = [Math.min(...xs), Math.max(...xs)];
    place = {
      x: (v) => LEFT + (v - first) / (last - first || 1) * (width - LEFT - RIGHT),
      y: (v) => TOP + (high - v) / (high - low) * (height - TOP - BOTTOM),
      back: (px) => first + (px - LEFT) / (width - LEFT - RIGHT) * (last - first),
      width, height,
    };
    for (const v of ticks(low, high, 4)) {
      const y = place.y(v);
      svg.append(shape("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y, y2: y }));
      svg.append(shape("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, short(v)));
    }
    for (const v of ticks(first, last, Math.max(2, Math.floor(width / 62)))) {
      svg.append(shape("text", { x: place.x(v), y: height - 6, "text-anchor": "middle" }, short(v)));
    }
    for (const line of lines) {
      const path = line.x.map((x, i) => `${i ? "L" : "M"}${place.x(x).toFixed(1)} ${place.y(line.y[i]).toFixed(1)}`).join("");
      svg.append(shape("path", { class: line.broken ? "curve dashed" : "curve", d: path, style: `stroke:${line.color}` }));
      if (line.x.length === 1) svg.append(shape("circle", { cx: place.x(line.x[0]), cy: place.y(line.y[0]), r: 3, style: `fill:${line.color}` }));
    }
    svg.append(shape("g", { class: "marks" }));
    if (at !== null) point(at, false);
  }

  function point(x, aloud) {
    const marks = svg.querySelector(".marks");
    if (!marks || !lines.length) return;
    at = x;
    const found = lines.map((line) => ({ line, i: nearestTo(line.x, x) }));
    const here = found[0].line.x[found[0].i];
    marks.replaceChildren(shape("line", { class: "cursor", x1: place.x(here), x2: place.x(here), y1: TOP, y2: place.height - BOTTOM }));
    for (const { line, i } of found) {
      marks.append(shape("circle", { cx: place.x(line.x[i]), cy: place.y(line.y[i]), r: 3.5, style: `fill:${line.color}` }));
    }
    tip.replaceChildren(element("div", {}, element("b", {}, `${axis} ${short(here)}`)));
    for (const { line, i } of found) {
      tip.append(element("div", {}, element("i", { class: line.broken ? "sample dashed" : "sample", "--own": line.color }), `${line.label} `, element("b", {}, short(line.y[i]))));
    }
    tip.hidden = false;
    const left = place.x(here) + 12;
    tip.style.left = `${left + tip.offsetWidth > place.width ? Math.max(0, left - tip.offsetWidth - 24) : left}px`;
    tip.style.top = "30px";
    if (aloud) say(`${axis} ${short(here)}: ${found.map(({ line, i }) => `${line.label} ${short(line.y[i])}`).join(", ")}`);
  }

  function leave() {
    at = null;
    tip.hidden = true;
    svg.querySelector(".marks")?.replaceChildren();
  }

  svg.addEventListener("pointermove", (e) => place && point(place.back(e.clientX - svg.getBoundingClientRect().left), false));
  svg.addEventListener("pointerleave", leave);
  svg.addEventListener("blur", leave);
  svg.addEventListener("keydown", (e) => {
    if (!lines.length) return;
    const longest = lines.reduce((a, b) => (b.x.length > a.x.length ? b : a)).x;
    const i = at === null ? longest.length - 1 : nearestTo(longest, at);
    const jump = e.shiftKey ? 10 : 1;
    const to = { ArrowLeft: i - jump, ArrowRight: at === null ? i : i + jump, Home: 0, End: longest.length - 1 }[e.key];
    if (e.key === "Escape") leave();
    if (to === undefined) return;
    e.preventDefault();
    point(longest[Math.min(longest.length - 1, Math.max(0, to))], true);
  });
  new ResizeObserver(draw).observe(svg);
  return { figure, draw };
}

/** The numbers of a chart, at most 25 of each line. */
function asTable(spec, lines) {
  const rows = lines.flatMap((line) => {
    const step = Math.max(1, Math.ceil(line.x.length / 25));
    return line.x.flatMap((x, i) => (i % step === 0 || i === line.x.length - 1 ? [[line.label, short(x), short(line.y[i])]] : []));
  });
  return table(`${spec[0]} in numbers`, ["line", axis, "value"], rows);
}

let drawn = [];

/** All charts anew. */
function charts() {
  const home = document.getElementById("charts");
  if (!home) return;
  const redraw = () => drawn.forEach((one) => one.draw());
  const unit = (name) => element("label", {}, element("input", {
    type: "radio", name: "axis", value: name, checked: axis === name, onchange: () => { axis = name; redraw(); },
  }), name === "epoch" ? "epochs" : "steps");
  const tools = element("div", { class: "tools" }, element("span", {}, "Over"), unit("epoch"), unit("step"));
  if (data.runs.length > 1) {
    tools.append(element("span", {}, "Runs"));
    data.runs.forEach((run, i) => tools.append(element("label", { "--own": runColor(i) }, element("input", {
      type: "checkbox", checked: !off.has(i), onchange: (e) => { if (e.target.checked) off.delete(i); else off.add(i); redraw(); },
    }), element("i", { class: "key" }), run.name)));
  }
  drawn = wanted().map(chart);
  home.replaceChildren(tools, ...drawn.map((one) => one.figure));
  if (!drawn.length) home.append(element("p", {}, "No step has been journaled yet."));
  redraw();
}
