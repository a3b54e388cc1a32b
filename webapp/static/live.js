// A page that follows what changes: one stream of events, and what to do where it is not there.
"use strict";

const streams = new Set();
const isLive = () => [...streams].some((stream) => stream.readyState === EventSource.OPEN);

htmx.createEventSource = (address) => {
  for (const one of streams) if (one.readyState === EventSource.CLOSED) streams.delete(one);
  const stream = new EventSource(address);
  // The browser connects again by itself; the extension needs to know only where it gave up.
  stream.addEventListener("error", (event) => {
    if (stream.readyState !== EventSource.CLOSED) event.stopImmediatePropagation();
  });
  streams.add(stream);
  return stream;
};

// While the stream tells, nobody asks; when it is silent, parts ask every few seconds as ever.
document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt, requestConfig } = event.detail;
  const polls = !requestConfig.triggeringEvent && (elt.getAttribute("hx-trigger") ?? "").includes("sse:");
  if (polls && isLive()) event.preventDefault();
});

// A browser has few connections to one server: a window that nobody sees gives its own back.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    for (const stream of streams) stream.close();
  } else if (!isLive()) {
    // As if they had just been put into the page: the extension opens the stream and listens for them.
    for (const part of document.querySelectorAll("[sse-connect], [sse-connect] [hx-trigger]")) {
      htmx.trigger(part, "htmx:afterProcessNode");
    }
  }
});

// ── Somebody else acted: a part in which nothing was typed shows it; the others say so ─────────
document.addEventListener("input", (event) => {
  const region = event.target.closest("[data-region]");
  if (region) region.dataset.touched = "yes";
});
document.addEventListener("htmx:afterSettle", (event) => {
  const news = event.detail.target;
  if (!news.classList.contains("news")) return;
  const region = news.closest("[data-region]");
  if (region && !region.dataset.touched && !region.contains(document.activeElement)) {
    news.querySelector(".show")?.click();
  }
});
