// Points on a canvas: hundreds of thousands of them, moved, zoomed, pointed at and read aloud.

const HUES = ["#3b82c4", "#e8743b", "#19a979", "#e0527d", "#945ecf", "#c9a227", "#13a4b4", "#9a6a50", "#6f8a98", "#7cae2e"];
const NO_CLASS = 65535;
const WHOLE = 65535;

/** 16-bit numbers from base64. */
function numbers16(text) {
  return new Uint16Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
}

/** Red, green, blue of class number `i` of `count`. */
function classColor(i, count) {
  if (i === NO_CLASS) return [138, 148, 158];
  if (count <= HUES.length) return [1, 3, 5].map((at) => parseInt(HUES[i].slice(at, at + 2), 16));
  const hue = (i * 137.508) % 360, light = [0.5, 0.62, 0.42][i % 3], chroma = 0.62 * Math.min(light, 1 - light);
  return [0, 8, 4].map((n) => {
    const k = (n + hue / 30) % 12;
    return Math.round(255 * (light - chroma * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  });
}

/** Points in cells of a square, so that the nearest is found without looking at all. */
class Cells {
  constructor(places) {
    const count = places.length / 2;
    this.side = Math.max(1, Math.min(512, Math.round(Math.sqrt(count / 2))));
    this.places = places;
    const cell = new Uint32Array(count);
    this.starts = new Uint32Array(this.side ** 2 + 1);
    for (let i = 0; i < count; i += 1) {
      cell[i] = this.at(places[2 * i + 1]) * this.side + this.at(places[2 * i]);
      this.starts[cell[i] + 1] += 1;
    }
    for (let i = 0; i < this.side ** 2; i += 1) this.starts[i + 1] += this.starts[i];
    this.rows = new Uint32Array(count);
    const next = this.starts.slice();
    for (let i = 0; i < count; i += 1) { this.rows[next[cell[i]]] = i; next[cell[i]] += 1; }
  }

  at(value) {
    return Math.max(0, Math.min(this.side - 1, Math.floor(value / (WHOLE + 1) * this.side)));
  }

  /** The row nearest to (x, y) within `radius` that is `allowed`; -1 without one. */
  nearest(x, y, radius, allowed) {
    let best = -1, least = radius * radius;
    for (let row = this.at(y - radius); row <= this.at(y + radius); row += 1) {
      for (let column = this.at(x - radius); column <= this.at(x + radius); column += 1) {
        const cell = row * this.side + column;
        for (let j = this.starts[cell]; j < this.starts[cell + 1]; j += 1) {
          const i = this.rows[j];
          const square = (this.places[2 * i] - x) ** 2 + (this.places[2 * i + 1] - y) ** 2;
          if (square < least && allowed(i)) { least = square; best = i; }
        }
      }
    }
    return best;
  }
}

/** The map number `home.dataset.run` in `home`. */
function map(home) {
  const index = Number(home.dataset.run);
  const own = data.maps[index];
  if (!own) return;
  const places = numbers16(own.places), classOf = numbers16(own.classOf);
  const cells = new Cells(places);
  const slot = new Map(own.pictured.map((row, i) => [row, i]));
  const colors = own.classes.map((_, i) => classColor(i, own.classes.length));
  const id = (row) => own.ids[row] ?? `row ${row}`;
  const className = (row) => own.classes[classOf[row]];
  const label = (row) => (className(row) === undefined ? id(row) : `${id(row)}, class ${className(row)}`);
  const chosen = new Set();
  const shown = (row) => !chosen.size || chosen.has(classOf[row]);
  const view = { x: WHOLE / 2, y: WHOLE / 2, zoom: 1 };
  let hover = -1, kept = -1, waiting = false;

  const canvas = element("canvas", { tabindex: 0, role: "application", "aria-roledescription": "map",
    "aria-label": `Map of ${own.rows} embeddings by ${own.kind}. Arrow keys go from point to point, Enter keeps one.` });
  const tip = element("div", { class: "tip", hidden: true });
  const button = (text, name, act) => element("button", { type: "button", "aria-label": name, title: name, onclick: act }, text);
  const buttons = element("div", { class: "buttons" }, button("+", "Zoom in", () => zoom(1.5)), button("−", "Zoom out", () => zoom(1 / 1.5)), button("All", "Show all points", whole));
  const panel = element("div", { class: "kept" });
  const search = element("input", { type: "search", placeholder: "Find by name", "aria-label": "Find a row by a part of its name" });
  const legend = element("ul", { class: "legend", "aria-label": "Classes; press to see one or several alone" });
  const note = `${own.rows.toLocaleString("en")} rows by ${own.kind === "umap" ? "UMAP" : "PCA"}, ${own.pictured.length.toLocaleString("en")} with pictures`;
  home.replaceChildren(element("div", { class: "stage" }, canvas, buttons, tip), element("aside", {}, element("small", {}, note), search, legend, panel));

  own.classes.forEach((name, i) => {
    const press = element("button", { type: "button", "aria-pressed": "false", title: name, onclick: () => {
      if (chosen.has(i)) chosen.delete(i); else chosen.add(i);
      press.setAttribute("aria-pressed", String(chosen.has(i)));
      draw();
    } }, element("i", { class: "key", "--own": `rgb(${colors[i].join(" ")})` }), element("span", {}, name));
    legend.append(element("li", {}, press));
  });
  legend.hidden = !own.classes.length;

  const context = canvas.getContext("2d");
  let picture = null, pixels = null;
  const scale = () => Math.min(canvas.width, canvas.height) * 0.94 / WHOLE * view.zoom; // pixels a unit
  const onCanvas = (row) => [(places[2 * row] - view.x) * scale() + canvas.width / 2, (view.y - places[2 * row + 1]) * scale() + canvas.height / 2];
  const onMap = (px, py) => [(px - canvas.width / 2) / scale() + view.x, view.y - (py - canvas.height / 2) / scale()];
  const packed = ([r, g, b], alpha) => ((alpha << 24) | (b << 16) | (g << 8) | r) >>> 0;

  /** Places of the pixels of a point around its middle. */
  function disc(radius, width) {
    const found = [];
    const reach = Math.ceil(radius);
    for (let y = -reach; y <= reach; y += 1) {
      for (let x = -reach; x <= reach; x += 1) if (x * x + y * y <= radius * radius) found.push(y * width + x);
    }
    return Int32Array.from(found);
  }

  function paint() {
    waiting = false;
    const { width, height } = canvas;
    if (!width || !height) return;
    if (!picture || picture.width !== width || picture.height !== height) {
      picture = context.createImageData(width, height);
      pixels = new Uint32Array(picture.data.buffer);
    }
    pixels.fill(0);
    const dpr = devicePixelRatio || 1;
    const base = own.rows > 60000 ? 0.9 : own.rows > 8000 ? 1.4 : own.rows > 2500 ? 2.2 : 3.2;
    const radius = Math.min(7, base * view.zoom ** 0.35) * dpr;
    const offsets = disc(radius, width), margin = Math.ceil(radius) + 1, s = scale();
    const pass = (wanted, alpha) => {
      const ink = colors.map((c) => packed(c, alpha)), none = packed(classColor(NO_CLASS, 0), alpha);
      for (let i = 0; i < own.rows; i += 1) {
        if (shown(i) !== wanted) continue;
        const x = Math.round((places[2 * i] - view.x) * s + width / 2), y = Math.round((view.y - places[2 * i + 1]) * s + height / 2);
        if (x < margin || y < margin || x >= width - margin || y >= height - margin) continue;
        const color = classOf[i] === NO_CLASS ? none : ink[classOf[i]], at = y * width + x;
        for (let j = 0; j < offsets.length; j += 1) pixels[at + offsets[j]] = color;
      }
    };
    if (chosen.size) pass(false, 36);
    pass(true, 235);
    context.putImageData(picture, 0, 0);
    const ink = getComputedStyle(canvas).color;
    const ring = (row, wide) => {
      const [x, y] = onCanvas(row);
      context.beginPath();
      context.arc(x, y, radius + 4 * dpr, 0, 7);
      context.lineWidth = wide * dpr;
      context.strokeStyle = ink;
      context.stroke();
      return [x, y];
    };
    if (kept >= 0) {
      const from = ring(kept, 2.5);
      for (const [row] of own.near[kept] || []) {
        const to = ring(row, 1);
        context.beginPath();
        context.moveTo(...from);
        context.lineTo(...to);
        context.globalAlpha = 0.45;
        context.stroke();
        context.globalAlpha = 1;
      }
    }
    if (hover >= 0) ring(hover, 1.5);
  }
  function draw() {
    if (!waiting) { waiting = true; requestAnimationFrame(paint); }
  }

  /** A small picture of a row, or nothing. */
  function small(row, large) {
    if (!slot.has(row)) return null;
    const place = slot.get(row);
    return element("span", { class: `pic sheet${index}${large ? " large" : ""}`, "--x": place % own.sheet.columns, "--y": Math.floor(place / own.sheet.columns), role: "img", "aria-label": label(row) });
  }
  function described(row) {
    const parts = [small(row, true), element("b", {}, element("bdi", {}, id(row)))];
    if (className(row) !== undefined) parts.push(element("div", {}, className(row)));
    return parts.filter(Boolean);
  }
  function point(row) {
    if (row === hover) return;
    hover = row;
    tip.hidden = row < 0;
    if (row >= 0) {
      tip.replaceChildren(...described(row));
      const dpr = devicePixelRatio || 1;
      const [x, y] = onCanvas(row).map((v) => v / dpr);
      const [w, h] = [canvas.clientWidth, canvas.clientHeight];
      tip.style.left = `${Math.max(4, x + 14 + tip.offsetWidth > w ? x - 14 - tip.offsetWidth : x + 14)}px`;
      tip.style.top = `${Math.max(4, Math.min(h - tip.offsetHeight - 4, y - tip.offsetHeight / 2))}px`;
    }
    draw();
  }
  function keep(row) {
    kept = row;
    if (row < 0) {
      panel.replaceChildren(element("small", {}, "Click a point to keep it here, with its nearest rows."));
    } else {
      panel.replaceChildren(...described(row));
      const near = own.near[row];
      if (near) {
        panel.append(element("ul", { "aria-label": "Nearest rows" }, ...near.map(([other, cosine]) => element("li", {},
          element("button", { type: "button", title: label(other), "aria-label": `${label(other)}, cosine ${cosine}`, onclick: () => keep(other) }, small(other) || id(other), cosine.toFixed(3))))));
      } else {
        panel.append(element("p", {}, element("small", {}, "Nearest rows are kept for rows with pictures.")));
      }
      say(`Kept ${label(row)}`);
    }
    draw();
  }

  function whole() {
    Object.assign(view, { x: WHOLE / 2, y: WHOLE / 2, zoom: 1 });
    point(-1);
    draw();
  }
  function zoom(factor, px = canvas.width / 2, py = canvas.height / 2) {
    const [x, y] = onMap(px, py);
    const was = view.zoom;
    view.zoom = Math.max(0.5, Math.min(400, view.zoom * factor));
    const left = was / view.zoom;
    view.x = x + (view.x - x) * left;
    view.y = y + (view.y - y) * left;
    point(-1);
    draw();
  }

  const held = new Map();
  let moved = 0;
  const at = (e) => {
    const box = canvas.getBoundingClientRect(), dpr = devicePixelRatio || 1;
    return [(e.clientX - box.left) * dpr, (e.clientY - box.top) * dpr];
  };
  const rowAt = ([px, py]) => cells.nearest(...onMap(px, py), 14 * (devicePixelRatio || 1) / scale(), shown);
  canvas.addEventListener("pointerdown", (e) => { canvas.setPointerCapture(e.pointerId); held.set(e.pointerId, at(e)); moved = 0; });
  canvas.addEventListener("pointermove", (e) => {
    const now = at(e);
    if (!held.has(e.pointerId)) { point(rowAt(now)); return; }
    const was = held.get(e.pointerId);
    const others = [...held].filter(([key]) => key !== e.pointerId);
    if (others.length) {
      const far = ([ax, ay], [bx, by]) => Math.hypot(ax - bx, ay - by);
      zoom(far(now, others[0][1]) / Math.max(1, far(was, others[0][1])), ...others[0][1]);
    } else {
      view.x -= (now[0] - was[0]) / scale();
      view.y += (now[1] - was[1]) / scale();
    }
    moved += Math.abs(now[0] - was[0]) + Math.abs(now[1] - was[1]);
    if (moved > 6) { canvas.classList.add("moving"); point(-1); }
    held.set(e.pointerId, now);
    draw();
  });
  const release = (e) => { held.delete(e.pointerId); canvas.classList.remove("moving"); };
  canvas.addEventListener("pointerup", (e) => {
    if (held.has(e.pointerId) && moved <= 6) keep(rowAt(at(e)));
    release(e);
  });
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", () => point(-1));
  canvas.addEventListener("wheel", (e) => {
    if (!e.ctrlKey && document.activeElement !== canvas) return; // the page scrolls until the map is used
    e.preventDefault();
    zoom(Math.exp(-e.deltaY * (e.ctrlKey ? 0.01 : 0.0015)), ...at(e));
  }, { passive: false });

  /** The next point to the side of the one that is pointed at. */
  function next(dx, dy) {
    const from = hover >= 0 ? hover : kept;
    if (from < 0) return cells.nearest(view.x, view.y, WHOLE * 2, shown);
    let best = -1, least = Infinity;
    for (let i = 0; i < own.rows; i += 1) {
      const x = places[2 * i] - places[2 * from], y = places[2 * i + 1] - places[2 * from + 1];
      const along = x * dx + y * dy, aside = Math.abs(x * dy) + Math.abs(y * dx);
      if (along > aside && along + 2 * aside < least && shown(i)) { least = along + 2 * aside; best = i; }
    }
    return best >= 0 ? best : from;
  }
  canvas.addEventListener("keydown", (e) => {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    if (ways[e.key]) {
      const row = next(...ways[e.key]);
      const [px, py] = onCanvas(row);
      if (px < 0 || py < 0 || px > canvas.width || py > canvas.height) Object.assign(view, { x: places[2 * row], y: places[2 * row + 1] });
      point(row);
      say(label(row));
    } else if (e.key === "Enter" || e.key === " ") keep(hover);
    else if (e.key === "+" || e.key === "=") zoom(1.5);
    else if (e.key === "-") zoom(1 / 1.5);
    else if (e.key === "0") whole();
    else if (e.key === "Escape") { keep(-1); point(-1); }
    else return;
    e.preventDefault();
  });
  search.addEventListener("change", () => {
    const text = search.value.toLowerCase();
    if (!text) return;
    for (let i = 0; i < own.rows; i += 1) {
      if (!id(i).toLowerCase().includes(text)) continue;
      Object.assign(view, { x: places[2 * i], y: places[2 * i + 1], zoom: Math.max(view.zoom, 4) });
      keep(i);
      return;
    }
    say("No row has this in its name");
    panel.replaceChildren(element("small", { role: "status" }, "No row has this in its name."));
  });
  new ResizeObserver(() => {
    const dpr = devicePixelRatio || 1;
    canvas.width = Math.round(canvas.clientWidth * dpr);
    canvas.height = Math.round(canvas.clientHeight * dpr);
    draw();
  }).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  keep(-1);
}
