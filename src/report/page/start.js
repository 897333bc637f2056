// Put everything in its place, and of a live run, ask again.

charts();
document.querySelectorAll(".histogram").forEach(histograms);
document.querySelectorAll(".map").forEach(map);

/** Lead to the parts of run number `index`, as far as it has them. */
function lead(index) {
  document.querySelectorAll("nav a").forEach((link) => {
    link.href = link.getAttribute("href").replace(/-\d+$/, `-${index}`);
    link.parentElement.hidden = !document.querySelector(link.hash);
  });
}
lead(0);

const picker = document.getElementById("picker");
picker?.addEventListener("change", () => {
  document.querySelectorAll(".of-run").forEach((part) => { part.hidden = part.dataset.run !== picker.value; });
  lead(picker.value);
  say(`Details of ${data.runs[picker.value].name}`);
});

async function ask() {
  try {
    const answer = await fetch("data", { cache: "no-store" });
    const fresh = await answer.json();
    if (JSON.stringify(fresh.runs) !== JSON.stringify(data.runs)) {
      const names = (runs) => runs.map((run) => Object.keys(run.curves).join()).join(";");
      const same = names(fresh.runs) === names(data.runs);
      data.runs = fresh.runs;
      document.querySelector(".runs").outerHTML = fresh.summary;
      if (same) drawn.forEach((one) => one.draw()); else charts();
      document.querySelectorAll(".histogram").forEach(histograms);
    }
    document.body.classList.remove("lost");
  } catch {
    document.body.classList.add("lost"); // the server does not answer: what is here stays
  }
  setTimeout(ask, 3000);
}
if (data.live) setTimeout(ask, 3000);
