// What tests/report_in_chromium.sh asks of the pages: node page.mjs CHROMIUM FOLDER

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [program, folder] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: program,
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run"],
});
const SIZES = { wide: { width: 1360, height: 900 }, narrow: { width: 390, height: 844 } };

/** Open a page of the folder, do something with it, and see that it broke nothing and asked nobody. */
async function on(file, colorScheme, size, act) {
  const context = await browser.newContext({ viewport: SIZES[size], colorScheme, deviceScaleFactor: 1 });
  const page = await context.newPage();
  const wrong = [];
  page.on("console", (m) => { if (["error", "warning"].includes(m.type())) wrong.push(m.text()); });
  page.on("pageerror", (e) => wrong.push(String(e)));
  page.on("request", (r) => { if (!/^(file|data):/.test(r.url())) wrong.push(`asked for ${r.url()}`); });
  await page.goto(pathToFileURL(`${folder}/${file}`).href);
  await page.waitForTimeout(250);
  await act(page);
  assert.deepEqual(wrong, [], `${file}, ${colorScheme}, ${size}`);
  await context.close();
}

/** The whole page as it looks, and that nothing sticks out of it. */
async function seen(page, name) {
  const widths = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(widths[0] <= widths[1], `${name} is ${widths[0]} wide, the window ${widths[1]}`);
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
}

/** Landmarks, names and ids. */
async function accessible(page) {
  const faults = await page.evaluate(() => {
    const found = [];
    const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
    if (new Set(ids).size !== ids.length) found.push("an id stands twice");
    for (const name of ["main", "header", "nav", "h1", "[role=status]"]) if (!document.querySelector(name)) found.push(`no ${name}`);
    const named = (e) => e.getAttribute("aria-label") || e.getAttribute("aria-labelledby") || e.textContent.trim() || e.closest("label") || e.alt;
    for (const e of document.querySelectorAll("button, a, input, select, canvas, section, [role=img], img")) if (!named(e)) found.push(`no name: ${e.outerHTML.slice(0, 80)}`);
    for (const e of document.querySelectorAll("nav li:not([hidden]) a")) if (!document.querySelector(e.getAttribute("href"))) found.push(`${e.href} leads nowhere`);
    return found;
  });
  assert.deepEqual(faults, []);
}

for (const scheme of ["light", "dark"]) {
  for (const size of ["wide", "narrow"]) {
    await on("first/report.html", scheme, size, async (page) => {
      await accessible(page);
      await seen(page, `one-${scheme}-${size}`);
    });
    await on("several.html", scheme, size, async (page) => {
      await accessible(page);
      await seen(page, `several-${scheme}-${size}`);
    });
  }
}
console.log("pages of one and of several runs: no error, no request, names and landmarks there");

await on("first/report.html", "light", "wide", async (page) => {
  const slider = page.locator(".histogram input[type=range]");
  const where = () => page.locator(".histogram output").textContent();
  const bars = () => page.locator(".histogram svg").getAttribute("aria-label");
  const [before, shape] = [await where(), await bars()];
  await slider.focus();
  await page.keyboard.press("Home");
  assert.notEqual(await where(), before);
  assert.notEqual(await bars(), shape, "the slider moves the bars");
  await page.locator(".histogram summary").click();
  assert.ok(await page.locator(".histogram table tbody tr").count() >= 10, "histograms have a table");

  const chart = page.locator(".chart").first();
  await chart.locator("svg").hover({ position: { x: 150, y: 60 } });
  assert.match(await chart.locator(".tip").textContent(), /epoch .*loss/);
  await page.screenshot({ path: `${folder}/hover-chart.png` });
  await chart.locator("svg").focus();
  await page.keyboard.press("Home");
  assert.match(await page.locator("#said").textContent(), /loss/, "arrow keys read a chart aloud");
  await page.getByLabel("steps").check();
  assert.match(await chart.locator("svg").getAttribute("aria-label"), /by step/);

  const canvas = page.locator(".map canvas");
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  const tip = page.locator(".map .tip");
  let found = false;
  for (let i = 0; i < 400 && !found; i += 1) {
    await page.mouse.move(box.x + box.width * (0.2 + 0.6 * ((i * 7) % 20) / 20), box.y + box.height * (0.2 + 0.6 * Math.floor(i / 20) / 20));
    found = await tip.isVisible();
  }
  assert.ok(found, "a point under the pointer shows itself");
  assert.ok(await tip.locator(".pic").count() === 1, "with its picture");
  await page.screenshot({ path: `${folder}/hover-map.png` });
  const place = await page.evaluate(() => getComputedStyle(document.querySelector(".map .tip .pic")).backgroundImage.slice(0, 22));
  assert.equal(place, 'url("data:image/png;ba');
  await page.mouse.down();
  await page.mouse.up();
  assert.ok(await page.locator(".kept li").count() === 8, "a click keeps a point with its neighbors");
  await page.screenshot({ path: `${folder}/kept-map.png` });
  await page.locator(".kept li button").first().click();
  await canvas.focus();
  await page.keyboard.press("ArrowRight");
  assert.match(await page.locator("#said").textContent(), /class/, "arrow keys go from point to point");
  await page.keyboard.press("Enter");
  assert.match(await page.locator("#said").textContent(), /^Kept/);
  for (const key of ["+", "+", "-", "0", "Escape"]) await page.keyboard.press(key);
  const press = page.locator(".legend button").first();
  await press.click();
  assert.equal(await press.getAttribute("aria-pressed"), "true");
  await page.waitForTimeout(100);
  await page.screenshot({ path: `${folder}/class-map.png` });
});
console.log("slider, charts and map answer to pointer and keyboard");

await on("several.html", "light", "wide", async (page) => {
  const loss = page.locator(".chart").first();
  const curves = () => loss.locator("path.curve").count();
  const all = await curves();
  assert.ok(all >= 3, `the losses of three runs on one chart: ${all}`);
  await page.locator(".tools input[type=checkbox]").first().uncheck();
  assert.ok(await curves() < all, "a run can be taken off the charts");
  await page.locator("#picker").selectOption("1");
  assert.ok(await page.locator(".of-run[data-run='1']").isVisible());
  assert.ok(!await page.locator(".of-run[data-run='0']").isVisible());
  await page.locator("nav a", { hasText: "Card" }).click();
  assert.ok(await page.locator("#card-1").isVisible());
  await accessible(page);
});
console.log("runs are overlaid, and their details picked");

await on("hostile.html", "light", "wide", async (page) => {
  page.on("dialog", () => assert.fail("a name became a script"));
  assert.match(await page.title(), /^<img src=x onerror=alert\(1\)> · ravine$/);
  assert.equal(await page.locator("img[src=x], svg[onload]").count(), 0);
  assert.ok(await page.getByText("</script><script>").count() > 0, "the sentence is shown as it is");
});
console.log("hostile names stay text");

await on("many/map.html", "dark", "wide", async (page) => {
  const box = await page.locator(".map canvas").boundingBox();
  await page.mouse.move(box.x + 300, box.y + 300);
  await page.mouse.down();
  const took = page.evaluate(() => new Promise((done) => {
    const times = [];
    let last = performance.now();
    const frame = (now) => { times.push(now - last); last = now; if (times.length < 60) requestAnimationFrame(frame); else done(times.slice(5)); };
    requestAnimationFrame(frame);
  }));
  for (let i = 0; i < 60; i += 1) await page.mouse.move(box.x + 300 + 3 * (i % 30), box.y + 300 + 2 * (i % 20));
  const times = (await took).sort((a, b) => a - b);
  await page.mouse.up();
  const [middle, slow] = [0.5, 0.95].map((q) => times[Math.floor(q * (times.length - 1))]);
  console.log(`200,000 points while dragged: a frame takes ${middle.toFixed(1)} ms, 95 % at most ${slow.toFixed(1)} ms`);
  assert.ok(middle < 50, `${middle} ms a frame`);
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.waitForTimeout(100);
  await seen(page, "many-dark-wide");
});

// A page that follows a run: a line more in the journal, and the page has it.
const server = spawn(process.env.RAVINE, ["report", `${folder}/live`, "--serve", "--images", "0"]);
const address = await new Promise((done) => { server.stdout.once("data", (text) => done(String(text).split(" ")[0])); });
const page = await browser.newPage();
const wrong = [];
page.on("console", (m) => { if (m.type() === "error") wrong.push(m.text()); });
page.on("request", (r) => { if (!r.url().startsWith(address)) wrong.push(`asked for ${r.url()}`); });
await page.goto(address);
const loss = () => page.locator(".chart svg").first().getAttribute("aria-label");
assert.match(await loss(), /to 3\./);
appendFileSync(`${folder}/live/metrics.jsonl`, `${JSON.stringify({ step: 1000, epoch: 50, loss: 0.125 })}\n`);
await page.waitForFunction(() => /to 0\.125/.test(document.querySelector(".chart svg").getAttribute("aria-label")), null, { timeout: 8000 });
assert.match(await page.locator(".run .of").textContent(), /at epoch 50 of/);
assert.deepEqual(wrong, []);
server.kill("SIGINT");
console.log("a page follows its run");
await browser.close();
console.log(`screenshots lie in ${folder}`);
