// What HTML and htmx cannot do alone: proofs that close again, clocks, a warning when the server is silent.
"use strict";

// ── Proofs: "why" opens its panel, and closes it again without asking the server ──────────────
const owners = new WeakMap(); // panel → the "why" that filled it

function show(panel, why, open) {
  panel.hidden = !open;
  why.setAttribute("aria-expanded", String(open));
}

document.addEventListener("htmx:beforeRequest", (event) => {
  const why = event.detail.elt;
  if (!why.classList.contains("why") || why.getAttribute("aria-expanded") !== "true") return;
  event.preventDefault();
  show(event.detail.target, why, false);
});

document.addEventListener("htmx:afterSwap", (event) => {
  const why = event.detail.requestConfig.elt;
  if (why.classList.contains("why")) {
    const panel = event.detail.target;
    owners.get(panel)?.setAttribute("aria-expanded", "false");
    owners.set(panel, why);
    show(panel, why, true);
  } else if (document.querySelector("[aria-invalid]")) {
    document.querySelector("[aria-invalid]").focus();
  } else if (event.detail.target.id === "screen") {
    // A screen reader, and the Tab key, go on at the answer.
    document.querySelector("#screen h1")?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
  tick();
});

// ── When the server does not answer, nobody may believe that it did ──────────────────────────
// What was lost stays said until something is sent and taken: the next poll says nothing about it.
function sends(event) {
  return event.detail.requestConfig.verb !== "get";
}
for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    document.getElementById(sends(event) ? "trouble" : "silent").hidden = false;
  });
}
document.addEventListener("htmx:afterOnLoad", (event) => {
  if (event.detail.failed) return; // htmx says so of every answer, after responseError of a bad one
  document.getElementById("silent").hidden = true;
  if (sends(event)) document.getElementById("trouble").hidden = true;
});

document.addEventListener("click", (event) => {
  if (event.target.matches("[data-print]")) window.print();
});

// ── Clocks ───────────────────────────────────────────────────────────────────────────────────
function tick() {
  for (const time of document.querySelectorAll("[data-due]")) {
    const minutes = Math.floor((new Date(time.dataset.due) - Date.now()) / 60000);
    const left = time.parentElement.querySelector(".left");
    const over = minutes < 0;
    left.textContent = (over ? left.dataset.over : left.dataset.left).replace("{}", Math.abs(minutes));
    time.parentElement.classList.toggle("soon", !over && minutes < 15);
    time.parentElement.classList.toggle("over", over);
  }
  for (const field of document.querySelectorAll("[data-now]")) {
    if (field.dataset.touched) continue;
    // The server's clock plus what has passed since: this computer's own may be wrong.
    field.dataset.start ??= new Date(field.value.replace(" ", "T") + "Z").getTime() - performance.now();
    field.value = new Date(Number(field.dataset.start) + performance.now()).toISOString().slice(0, 16).replace("T", " ");
  }
}

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-now]")) event.target.dataset.touched = "yes";
});
document.addEventListener("DOMContentLoaded", tick);
setInterval(tick, 10000);
