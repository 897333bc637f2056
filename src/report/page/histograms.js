// How energies of right and of wrong pairs are distributed, look by look.

/** The histograms of one run in `home`, with a slider over time. */
function histograms(home) {
  const run = data.runs[Number(home.dataset.run)], all = run.histograms, what = run.answers ? "answers" : "pairs";
  if (!all.length) return;
  const svg = shape("svg", { role: "img" });
  const slider = element("input", { type: "range", min: 0, max: all.length - 1, value: all.length - 1, "aria-label": "Look of the probe" });
  const output = element("output", { "aria-live": "off" });
  const play = element("button", { type: "button" }, "Play");
  const key = (name, text) => element("span", {}, element("i", { class: "key", "--own": `var(--${name})` }), text);
  const numbers = folded("Numbers", () => {
    const one = all[Number(slider.value)];
    const edge = (i) => short(one.range[0] + i / one.right.length * (one.range[1] - one.range[0]));
    return table(`Shares of right and wrong ${what}`, ["energy", "right", "wrong"],
      one.right.map((v, i) => [`${edge(i)} to ${edge(i + 1)}`, `${short(100 * v)} %`, `${short(100 * one.wrong[i])} %`]));
  });
  let timer = null;

  function draw() {
    const one = all[Number(slider.value)];
    const where = `epoch ${short(one.epoch)}, step ${short(one.step)}`;
    output.textContent = where;
    slider.setAttribute("aria-valuetext", where);
    const [low, high] = one.range;
    const mean = (list) => list.reduce((sum, v, i) => sum + v * (low + (i + 0.5) / list.length * (high - low)), 0);
    svg.setAttribute("aria-label", `At ${where}: right ${what} have a mean energy near ${short(mean(one.right))}, wrong ones near ${short(mean(one.wrong))}.`);
    numbers.refresh();
    const { width, height } = svg.getBoundingClientRect();
    svg.replaceChildren();
    if (!width) return;
    const most = Math.max(...one.right, ...one.wrong);
    const top = [0.1, 0.2, 0.3, 0.5, 0.75, 1].find((v) => v >= most) || 1;
    const x = (i) => LEFT + i / one.right.length * (width - LEFT - RIGHT);
    const y = (v) => TOP + (1 - v / top) * (height - TOP - BOTTOM);
    for (const v of ticks(0, top, 4)) {
      svg.append(shape("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(v), y2: y(v) }));
      svg.append(shape("text", { x: LEFT - 6, y: y(v) + 4, "text-anchor": "end" }, `${short(Number((100 * v).toFixed(2)))} %`));
    }
    for (const v of ticks(low, high, 8)) {
      svg.append(shape("text", { x: x((v - low) / (high - low || 1) * one.right.length), y: height - 6, "text-anchor": "middle" }, short(v)));
    }
    for (const kind of ["wrong", "right"]) {
      one[kind].forEach((v, i) => svg.append(shape("rect", {
        class: kind, x: x(i) + 1, width: Math.max(1, x(i + 1) - x(i) - 2), y: y(v), height: Math.max(0, height - BOTTOM - y(v)), rx: 2,
      })));
    }
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
  }
  play.addEventListener("click", () => {
    if (timer) { stop(); return; }
    if (Number(slider.value) >= all.length - 1) slider.value = 0;
    play.textContent = "Pause";
    draw();
    timer = setInterval(() => {
      if (Number(slider.value) >= all.length - 1) { stop(); return; }
      slider.value = Number(slider.value) + 1;
      draw();
    }, Math.max(80, Math.min(600, 6000 / all.length)));
  });
  slider.addEventListener("input", () => { if (timer) stop(); draw(); });
  home.replaceChildren(
    element("div", { class: "keys" }, key("right", `right ${what}`), key("wrong", `${run.answers ? "most offending " : ""}wrong ${what}`)), svg,
    element("div", { class: "slider" }, play, slider, output), numbers.details);
  play.hidden = slider.disabled = all.length < 2;
  new ResizeObserver(draw).observe(svg);
  draw();
}
