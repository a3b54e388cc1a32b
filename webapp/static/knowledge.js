// The editor of drafts: numbers beside the lines, marks at faults, and from a fault to its place.
"use strict";

function number(editor) {
  const text = editor.querySelector("textarea"), gutter = editor.querySelector(".gutter");
  const faulty = new Set([...document.querySelectorAll("#faults [data-line]")].map((b) => Number(b.dataset.line)));
  const lines = text.value.split("\n").length;
  gutter.replaceChildren(...Array.from({ length: lines }, (_, place) => {
    const line = document.createElement(faulty.has(place + 1) ? "mark" : "span");
    line.textContent = `${place + 1}\n`;
    return line;
  }));
  gutter.scrollTop = text.scrollTop;
}

function numberAll() {
  for (const editor of document.querySelectorAll(".editor")) number(editor);
}

function goTo(line, column) {
  const text = document.getElementById("text"), lines = text.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  const own = lines[line - 1] ?? "";
  const from = Math.min(Math.max(column - 1, 0), own.length);
  text.focus();
  text.setSelectionRange(start + from, start + (own.slice(from).match(/^\S+/)?.[0].length ?? 0) + from);
  const height = text.scrollHeight / lines.length;
  text.scrollTop = Math.max(0, (line - 6) * height);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("#faults [data-line]");
  if (button) goTo(Number(button.dataset.line), Number(button.dataset.column));
});
document.addEventListener("input", (event) => {
  const editor = event.target.closest(".editor");
  if (editor) number(editor);
  const saved = document.getElementById("saved");
  if (editor && saved) saved.textContent = "";
});
document.addEventListener("scroll", (event) => {
  if (event.target.id === "text") event.target.previousElementSibling.scrollTop = event.target.scrollTop;
}, true);
document.addEventListener("htmx:afterSettle", numberAll);
document.addEventListener("DOMContentLoaded", numberAll);
